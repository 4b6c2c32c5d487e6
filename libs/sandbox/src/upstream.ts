import { isIPv6 } from 'node:net';
import { type FastifyError, type FastifyInstance, fastify } from 'fastify';
import { VirtualClock, worldEpoch } from './core/clock.ts';
import { type Control, controlRoutes, makeControl } from './core/control.ts';
import { type Emulator, type EmulatorInstance, WireError } from './core/emulator.ts';
import { actOutFaults, sendAnswer } from './core/fault-hooks.ts';
import { Faults } from './core/faults.ts';
import { Recorder, recordRequests } from './core/recorder.ts';
import { makeWorld } from './core/world.ts';
import { emulators, type UpstreamName } from './emulators.ts';

export interface StartOptions {
  /** 0: any free port. */
  port?: number;
  /** 127.0.0.1. */
  host?: string;
  /** About how many unified objects in all, 10..100000 (60). Each emulator's state.ts says how it splits them. */
  scale?: number;
  /** 'fleetgate'. Same seed and scale: same objects, names, keys and times. */
  seed?: string;
  /** True: the virtual clock stands still, from `now` if given, else from 2026-01-01T00:00:00Z. False: it runs with `now`. */
  frozen?: boolean;
  /** Source of real time in ms since the Unix epoch. */
  now?: () => number;
}

export interface Upstream {
  readonly name: UpstreamName;
  /** http://host:port */
  readonly origin: string;
  /** As that upstream documents its base. */
  readonly baseUrl: string;
  /** A valid set, named as the settings of the provider. */
  readonly credentials: Readonly<Record<string, string>>;
  readonly control: Control;
  /** Cuts every connection, hanging ones too. */
  close(): Promise<void>;
}

export const upstreamNames: readonly UpstreamName[] = emulators.map((emulator) => emulator.name);

/** Starts one emulated upstream on a port of its own. RangeError: a bad option. Rejects with EADDRINUSE on a taken port. */
export async function startUpstream(name: UpstreamName, options: StartOptions = {}): Promise<Upstream> {
  const emulator: Emulator | undefined = emulators.find((candidate) => candidate.name === name);
  if (emulator === undefined) throw new RangeError(`no upstream is named ${name}`);
  const scale = options.scale ?? 60;
  if (!Number.isSafeInteger(scale) || scale < 10 || scale > 100_000) {
    throw new RangeError('scale is a whole number from 10 to 100000');
  }
  const clock = startClock(options);
  const instance = emulator.create(makeWorld({ name, clock, scale, seed: options.seed ?? 'fleetgate' }));
  const parts = { instance, clock, faults: new Faults(), recorder: new Recorder() };
  const control = makeControl(parts);

  const app = serve(emulator, instance);
  recordRequests(app, parts.recorder, clock);
  actOutFaults(app, parts.faults, instance);
  let origin = '';
  const describe = () => ({
    upstream: name,
    base_url: origin + emulator.basePath,
    credentials: emulator.credentials,
  });
  app.register(async (scope) => controlRoutes(scope, control, parts.faults, describe));
  app.register(async (scope) => instance.routes(scope), { prefix: emulator.basePath });

  const host = options.host ?? '127.0.0.1';
  await app.listen({ host, port: options.port ?? 0 });
  origin = originOf(app, host);
  return {
    name,
    origin,
    baseUrl: origin + emulator.basePath,
    credentials: emulator.credentials,
    control,
    close: () => app.close(),
  };
}

function startClock(options: StartOptions): VirtualClock {
  const now = options.now ?? Date.now;
  const frozen = options.frozen ?? false;
  if (frozen && options.now === undefined) return new VirtualClock({ frozen, now, startAt: worldEpoch });
  return new VirtualClock({ frozen, now });
}

/** A server that says everything in the upstream's own words: unknown paths, bad bodies, refusals. */
function serve(emulator: Emulator, instance: EmulatorInstance): FastifyInstance {
  const app = fastify({
    forceCloseConnections: true,
    routerOptions: { maxParamLength: 1000 },
    frameworkErrors: (error, _request, reply) => sendAnswer(reply, instance.error(error.statusCode ?? 400)),
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser<string>(
    /^application\/(.+\+)?json/,
    { parseAs: 'string' },
    (_request, body, done) => {
      try {
        done(null, body === '' ? undefined : JSON.parse(body)); // a client may announce JSON and send nothing
      } catch (error) {
        done(Object.assign(new Error('not JSON', { cause: error }), { statusCode: 400 }));
      }
    },
  );
  app.addContentTypeParser<string>('*', { parseAs: 'string' }, (_request, body, done) => done(null, body));
  app.setNotFoundHandler((request, reply) =>
    sendAnswer(reply, instance.notFound?.(request.method, request.url) ?? instance.error(404)),
  );
  app.setErrorHandler<FastifyError>((error, _request, reply) => {
    if (error instanceof WireError) return sendAnswer(reply, error.answer);
    const status = error.statusCode ?? 500;
    if (status < 500) return sendAnswer(reply, instance.error(status));
    const body = { sandbox_bug: `${emulator.name}: ${error.stack ?? error.message}` };
    return sendAnswer(reply, { status: 500, body, headers: { 'x-sandbox-bug': 'true' } });
  });
  return app;
}

function originOf(app: FastifyInstance, host: string): string {
  const address = app.server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const reachable = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  return `http://${isIPv6(reachable) ? `[${reachable}]` : reachable}:${port}`;
}
