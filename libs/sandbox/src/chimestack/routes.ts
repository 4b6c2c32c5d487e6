import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Emulator, EmulatorInstance, World } from '../core/emulator.ts';
import { readPage, rowsOf } from '../core/pages.ts';
import { isRecord } from '../core/population.ts';
import { ChimeErrors } from './errors.ts';
import { hostRow } from './hosts.ts';
import { ChimeSessions } from './session.ts';
import { type ChimeCluster, ChimeState, type Zone } from './state.ts';
import { clusterWrites } from './write-routes.ts';

const credentials = { userName: 'admin', password: 'admin' } as const;

/** Assumed. */
const defaultSize = 10;
const largestSize = 100;

interface InZone {
  Params: { az: string };
}
interface InCluster {
  Params: { az: string; cluster: string };
}
interface InHost {
  Params: { az: string; cluster: string; host: string };
}

export const chimestack = {
  name: 'chimestack',
  basePath: '',
  credentials,
  create: (world: World): EmulatorInstance => {
    const state = new ChimeState(world);
    const sessions = new ChimeSessions(world, credentials);
    const errors = new ChimeErrors(() => world.newId());
    return {
      routes: (app) => {
        sessionRoutes(app, sessions, errors, world);
        app.register(async (guarded) => {
          guarded.addHook('onRequest', async (request) => {
            const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1];
            if (sessions.find(token) === undefined) throw errors.fail(401);
          });
          zoneRoutes(guarded, state, errors, world);
          clusterWrites(guarded, state, errors, world);
        });
      },
      error: (status) => errors.answer(status),
      refuse: () => errors.answer(401),
      expireSessions: () => sessions.expire(),
      add: (kind, count) => state.add(kind, count),
      remove: (kind, key) => state.remove(kind, key),
      touch: (kind, key, change) => state.touch(kind, key, change),
      size: (kind) => state.size(kind),
    };
  },
} as const satisfies Emulator;

function sessionRoutes(
  app: FastifyInstance,
  sessions: ChimeSessions,
  errors: ChimeErrors,
  world: World,
): void {
  const field = (request: FastifyRequest, name: string): string => {
    const value = isRecord(request.body) ? request.body[name] : undefined;
    if (typeof value !== 'string' || value === '') throw errors.fail(400, `${name} is required`);
    return value;
  };
  app.post('/v1/login', async (request) => {
    const session = sessions.login(field(request, 'user_name'), field(request, 'password'));
    if (session === undefined) throw errors.fail(401, 'user name or password is wrong');
    // Only the login carries `error: null`; elsewhere the member is absent.
    return { requestId: world.newId(), error: null, result: { user: session } };
  });
  app.post('/v1/auth', async (request) => {
    const session = sessions.find(field(request, 'token'));
    if (session === undefined) throw errors.fail(401);
    return { requestId: world.newId(), result: { user: session } };
  });
  app.post('/v1/logout', async (request) => {
    if (!sessions.logout(field(request, 'token'))) throw errors.fail(401);
    return { requestId: world.newId(), result: 'ok' };
  });
}

function zoneRoutes(app: FastifyInstance, state: ChimeState, errors: ChimeErrors, world: World): void {
  const answer = (result: unknown): unknown => ({ requestId: world.newId(), result });
  const zoneOf = (uuid: string): Zone => {
    const found = state.zone(uuid);
    if (found === undefined) throw errors.fail(404, `az ${uuid} is not found`);
    return found;
  };
  const clusterOf = ({ az, cluster }: { az: string; cluster: string }): ChimeCluster => {
    const found = state.cluster(zoneOf(az), cluster);
    if (found === undefined) throw errors.fail(404, `cluster ${cluster} is not found`);
    return found;
  };
  const list = (
    request: FastifyRequest,
    objects: readonly object[],
    filters: readonly string[],
    form: (object: object) => unknown = (object) => object,
  ): unknown => answer(listed(request, objects, filters, errors, form));

  app.get('/v1/az', async (request) => list(request, state.zones, ['name', 'state']));
  app.get<InZone>('/v1/az/:az', async ({ params }) => answer({ az: zoneOf(params.az) }));
  app.get<InZone>('/v1/az/:az/cluster', async (request) =>
    list(request, state.clustersOf(zoneOf(request.params.az)), [
      'name',
      'state',
      'type',
      'hypervisor_type',
      'arch',
    ]),
  );
  app.get<InCluster>('/v1/az/:az/cluster/:cluster', async ({ params }) =>
    answer({ cluster: clusterOf(params) }),
  );
  app.get<InCluster>('/v1/az/:az/cluster/:cluster/host', async (request) =>
    list(
      request,
      state.hostsOf(clusterOf(request.params)),
      ['name', 'state', 'monitor_state', 'rack_name', 'manage_ip', 'uuid'],
      (host) => hostRow({ ...host }),
    ),
  );
  app.get<InHost>('/v1/az/:az/cluster/:cluster/host/:host', async ({ params }) => {
    const found = state.hostsOf(clusterOf(params)).find((host) => host['uuid'] === params.host);
    if (found === undefined) throw errors.fail(404, `host ${params.host} is not found`);
    return answer({ host: found });
  });
}

const sortable = ['name', 'created_at', 'state'];

/** {elements, size, total}: `size` is how many this page holds, not what was asked for. */
function listed(
  request: FastifyRequest,
  objects: readonly object[],
  filters: readonly string[],
  errors: ChimeErrors,
  form: (object: object) => unknown,
): { elements: unknown[]; size: number; total: number } {
  const text = (name: string): string | undefined => {
    const value = (request.query as Record<string, unknown>)[name];
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const whole = (name: string, otherwise: number): number => {
    const value = text(name);
    if (value !== undefined && !/^\d{1,9}$/.test(value)) throw errors.fail(400, `${name} must be an integer`);
    return value === undefined ? otherwise : Number(value);
  };
  const size = Math.min(largestSize, whole('size', defaultSize) || defaultSize);
  const page = Math.max(1, whole('page', 1));
  const passing = filters.reduce<readonly object[]>((left, name) => {
    const wanted = text(name);
    return wanted === undefined ? left : left.filter((object) => String(field(object, name)) === wanted);
  }, objects);
  const rows = rowsOf(sorted(passing, text('sort'), text('order'), errors));
  const read = readPage(request, rows, (page - 1) * size, size);
  return { elements: read.rows.map(form), size: read.rows.length, total: read.total };
}

function field(object: object, name: string): unknown {
  return (object as Record<string, unknown>)[name];
}

function sorted(
  objects: readonly object[],
  sort: string | undefined,
  order: string | undefined,
  errors: ChimeErrors,
): readonly object[] {
  if (order !== undefined && order !== 'asc' && order !== 'desc')
    throw errors.fail(400, 'order must be asc or desc');
  if (sort === undefined) return objects;
  if (!sortable.includes(sort)) throw errors.fail(400, `cannot sort by ${sort}`);
  const sign = order === 'desc' ? -1 : 1;
  const key = (object: object): string | number => {
    const value = field(object, sort);
    return sort === 'created_at' ? Date.parse(String(value)) : (value as string | number);
  };
  return objects.toSorted((left, right) =>
    key(left) < key(right) ? -sign : key(left) > key(right) ? sign : 0,
  );
}
