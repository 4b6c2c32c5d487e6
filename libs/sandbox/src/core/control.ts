import type { FastifyInstance } from 'fastify';
import type { VirtualClock } from './clock.ts';
import { controlPath } from './control-path.ts';
import { type EmulatorInstance, type ObjectControls, type ObjectKind, objectKinds } from './emulator.ts';
import { checkRule, type FaultRule, type Faults } from './faults.ts';
import { isRecord } from './population.ts';
import type { RecordedRequest, Recorder } from './recorder.ts';

/** How a test, or a person with curl, steers one running upstream. */
export interface Control extends ObjectControls {
  /** Rules are tried in the order of their injection. RangeError: what is wrong with the rule. */
  inject(rule: FaultRule): void;
  /** All faults off. */
  clear(): void;
  /** Oldest first; the last 10,000. */
  requests(): RecordedRequest[];
  /** Empties the record. */
  forget(): void;
  /** Every token issued so far is refused from now on; static API keys are not touched. */
  expireSessions(): void;
  readonly clock: { now(): number; advance(ms: number): void; freeze(): void; run(): void };
  /** New objects; returns their upstream keys. RangeError: the upstream has no such kind. */
  add(kind: ObjectKind, count: number): string[];
  /** Takes one away, as that upstream would show it: gone, or in a state that says so. False: there is none. */
  remove(kind: ObjectKind, key: string): boolean;
  /** Lays wire fields over one object (deep merge), for good. False: there is none. */
  touch(kind: ObjectKind, key: string, change: Record<string, unknown>): boolean;
  /** How many live ones it serves now. */
  size(kind: ObjectKind): number;
}

export interface ControlParts {
  instance: EmulatorInstance;
  clock: VirtualClock;
  faults: Faults;
  recorder: Recorder;
}

export function makeControl({ instance, clock, faults, recorder }: ControlParts): Control {
  return {
    inject: (rule) => faults.inject(rule),
    clear: () => faults.clear(),
    requests: () => recorder.requests(),
    forget: () => recorder.forget(),
    expireSessions: () => instance.expireSessions(),
    clock: {
      now: () => clock.now(),
      advance: (ms) => clock.advance(ms),
      freeze: () => clock.freeze(),
      run: () => clock.run(),
    },
    add: (kind, count) => {
      if (!Number.isSafeInteger(count) || count < 1 || count > 100_000) {
        throw new RangeError('count is a whole number from 1 to 100000');
      }
      return instance.add(kind, count);
    },
    remove: (kind, key) => instance.remove(kind, key),
    touch: (kind, key, change) => instance.touch(kind, key, change),
    size: (kind) => instance.size(kind),
  };
}

/** The same controls over HTTP, on the upstream's own port, without credentials, under /_sandbox. */
export function controlRoutes(
  app: FastifyInstance,
  control: Control,
  faults: Faults,
  describe: () => Record<string, unknown>,
): void {
  app.setErrorHandler((error, _request, reply) => {
    const status = error instanceof RangeError ? 422 : ((error as { statusCode?: number }).statusCode ?? 500);
    return reply.code(status).send({ error: error instanceof Error ? error.message : String(error) });
  });
  app.get(controlPath, () => ({
    ...describe(),
    virtual_time: new Date(control.clock.now()).toISOString(),
    objects: Object.fromEntries(objectKinds.map((kind) => [kind, control.size(kind)])),
    routes,
  }));
  app.get(`${controlPath}/requests`, () => ({ requests: control.requests() }));
  app.delete(`${controlPath}/requests`, (_request, reply) => {
    control.forget();
    return reply.code(204).send();
  });
  app.get(`${controlPath}/faults`, () => ({ faults: faults.rules() }));
  app.post(`${controlPath}/faults`, (request, reply) => {
    const rule = checkRule(request.body);
    control.inject(rule);
    return reply.code(201).send(rule);
  });
  app.delete(`${controlPath}/faults`, (_request, reply) => {
    control.clear();
    return reply.code(204).send();
  });
  app.post(`${controlPath}/clock`, (request) => {
    turnClock(control.clock, request.body);
    return { virtual_time: new Date(control.clock.now()).toISOString() };
  });
  app.post(`${controlPath}/sessions/expire`, (_request, reply) => {
    control.expireSessions();
    return reply.code(204).send();
  });
  objectRoutes(app, control);
}

function objectRoutes(app: FastifyInstance, control: Control): void {
  app.post(`${controlPath}/objects`, (request, reply) => {
    const body = isRecord(request.body) ? request.body : {};
    const keys = control.add(kindOf(body['kind']), body['count'] === undefined ? 1 : Number(body['count']));
    return reply.code(201).send({ keys });
  });
  const path = `${controlPath}/objects/:kind/*`; // a key may hold slashes
  app.delete(path, (request, reply) => {
    const { kind, '*': key } = request.params as { kind: string; '*': string };
    if (control.remove(kindOf(kind), key)) return reply.code(204).send();
    return reply.code(404).send({ error: `no ${kind} ${key}` });
  });
  app.patch(path, (request, reply) => {
    const { kind, '*': key } = request.params as { kind: string; '*': string };
    if (!isRecord(request.body)) throw new RangeError('the body is an object with the wire fields to change');
    if (control.touch(kindOf(kind), key, request.body)) return reply.code(204).send();
    return reply.code(404).send({ error: `no ${kind} ${key}` });
  });
}

function kindOf(value: unknown): ObjectKind {
  const kind = objectKinds.find((known) => known === value);
  if (kind === undefined) throw new RangeError(`kind is one of: ${objectKinds.join(', ')}`);
  return kind;
}

function turnClock(clock: Control['clock'], body: unknown): void {
  if (!isRecord(body)) throw new RangeError('the body is {advance_ms?, freeze?, run?}');
  const unknown = Object.keys(body).find((name) => !['advance_ms', 'freeze', 'run'].includes(name));
  if (unknown !== undefined) throw new RangeError(`clock has no field "${unknown}"`);
  if (body['freeze'] === true) clock.freeze();
  if (body['advance_ms'] !== undefined) clock.advance(Number(body['advance_ms']));
  if (body['run'] === true) clock.run();
}

const routes = {
  'GET /_sandbox': 'this page',
  'GET|DELETE /_sandbox/requests': 'the requests that came in, oldest first; forget them',
  'GET|POST|DELETE /_sandbox/faults': 'the fault rules; add one {fault, match?, skip?, times?}; all off',
  'POST /_sandbox/clock': '{"advance_ms": 60000}, {"freeze": true} or {"run": true}',
  'POST /_sandbox/sessions/expire': 'every token issued so far is refused from now on',
  'POST /_sandbox/objects': '{"kind": "cluster", "count": 3}: new objects; answers their keys',
  'PATCH|DELETE /_sandbox/objects/{kind}/{key}': 'lay wire fields over one object; take one away',
};
