import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { type Emulator, type EmulatorInstance, WireError, type World } from '../core/emulator.ts';
import { type Rows, readPage, rowsOf } from '../core/pages.ts';
import type { Population } from '../core/population.ts';
import { badRequest, cannot, goneApplication, nestError, notFound, refused } from './errors.ts';
import type { WireRelease } from './objects.ts';
import { FleetState } from './state.ts';
import { writeRoutes } from './write-routes.ts';

const apiKey = 'fm_key_sandbox';

/** Scale Computing Fleet Manager: the API that answers under /api/v2. */
export const fleetManager = {
  name: 'fleet-manager',
  basePath: '/api/v2',
  credentials: { apiKey },
  create: createFleetManager,
} as const satisfies Emulator;

function createFleetManager(world: World): EmulatorInstance {
  const state = new FleetState(world);
  return {
    routes: (app) => {
      likeExpress(app);
      app.addHook('preHandler', async (request) => checkKey(request));
      readRoutes(app, state);
      writeRoutes(app, state);
    },
    error: (status) => nestError(status),
    notFound: cannot,
    refuse: refused,
    expireSessions: () => undefined, // there are no sessions, only static keys
    add: (kind, count) => state.add(kind, count),
    remove: (kind, key) => state.remove(kind, key),
    touch: (kind, key, change) => state.touch(kind, key, change),
    size: (kind) => state.size(kind),
  };
}

/** The documented header is `api-key`; the notes of one client use Bearer. Both are taken, and the record shows which came. */
function checkKey(request: FastifyRequest): void {
  const bearer = request.headers.authorization?.match(/^Bearer +(.+)$/i)?.[1];
  if (request.headers['api-key'] !== apiKey && bearer !== apiKey) throw new WireError(refused());
}

/** The real one is NestJS on Express: it says so, and it answers with weak ETags. */
function likeExpress(app: FastifyInstance): void {
  app.addHook('onSend', (request, reply, payload, done) => {
    reply.header('x-powered-by', 'Express');
    if (reply.statusCode !== 200 || typeof payload !== 'string') return done(null, payload);
    const tag = `W/"${payload.length.toString(16)}-${createHash('sha1').update(payload).digest('base64').slice(0, 27)}"`;
    reply.header('etag', tag);
    if (request.headers['if-none-match'] !== tag) return done(null, payload);
    reply.code(304).removeHeader('content-type');
    done(null, null);
  });
}

function readRoutes(app: FastifyInstance, state: FleetState): void {
  app.get('/clusters', (request) => listAll(request, state.clusters.population));
  app.get('/clusters/:id', (request) => found(state.clusters.population.get(idOf(request))));
  app.get('/deployment-applications', (request) => listAll(request, state.applications));
  app.get('/deployment-applications/:id', (request) => {
    const application = state.applications.get(idOf(request));
    if (application === undefined) throw goneApplication();
    return application;
  });
  app.get('/cluster-groups', (request) => listAll(request, state.groups));
  app.get('/deployments', (request) => listAll(request, state.deployments));
  app.get('/deployments/:id', (request) => found(state.deployments.get(idOf(request))));
  app.get('/deployments/:id/releases', (request) => found(state.releasesOf(idOf(request)))); // a bare array, oldest first
  app.get('/deployment-releases', (request) => {
    const deploymentId = queryText(request, 'deploymentId');
    if (deploymentId === undefined) return page(request, state.allReleases);
    return page(request, rowsOf((state.releasesOf(deploymentId) ?? []).toReversed()));
  });
  app.get('/deployment-releases/:id/jobs', (request) =>
    jobsOf(found(state.releases.population.get(idOf(request)))),
  );
}

function idOf(request: FastifyRequest): string {
  return (request.params as { id: string }).id;
}

/** Of a repeated parameter the last one. */
function queryText(request: FastifyRequest, name: string): string | undefined {
  const value = (request.query as Record<string, string | string[] | undefined>)[name];
  return Array.isArray(value) ? value.at(-1) : value;
}

function found<T>(object: T | undefined): T {
  if (object === undefined) throw notFound();
  return object;
}

/** `query=id:=<uuid>` is exact; any other text is looked for in the names, ignoring case. */
function listAll<T extends { id: string; name: string }>(
  request: FastifyRequest,
  population: Population<T>,
): unknown {
  const query = queryText(request, 'query');
  if (query === undefined || query === '') return page(request, population);
  const id = /^id:=(.+)$/.exec(query)?.[1];
  if (id !== undefined) {
    const object = population.get(id);
    return page(request, rowsOf(object === undefined ? [] : [object]));
  }
  const text = query.toLowerCase();
  return page(request, rowsOf(population.filter((object) => object.name.toLowerCase().includes(text))));
}

function page<T>(request: FastifyRequest, rows: Rows<T>): unknown {
  const problems: string[] = [];
  const offset = numberIn('offset', queryText(request, 'offset'), 0, 0, Number.MAX_SAFE_INTEGER, problems);
  const limit = numberIn('limit', queryText(request, 'limit'), 20, 1, 200, problems);
  if (problems.length > 0) throw badRequest(problems);
  const read = readPage(request, rows, offset, limit);
  return { meta: { offset: read.offset, limit: read.limit, total: read.total }, items: read.rows };
}

/** As class-validator words it. */
function numberIn(
  name: string,
  text: string | undefined,
  otherwise: number,
  least: number,
  most: number,
  problems: string[],
): number {
  if (text === undefined) return otherwise;
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (!(value <= most)) problems.push(`${name} must not be greater than ${most}`);
  if (!(value >= least)) problems.push(`${name} must not be less than ${least}`);
  if (!Number.isInteger(value)) problems.push(`${name} must be an integer number`);
  return value;
}

/** One job per cluster in the group; all that clients read of them is the status. Assumption: two, and the first is ahead. */
function jobsOf(release: WireRelease): { status: string }[] {
  if (release.status === 'Created') return [];
  if (release.status === 'Success') return [{ status: 'Done' }, { status: 'Success' }];
  if (release.status === 'Running') return [{ status: 'Done' }, { status: 'Running' }];
  if (release.status === 'Pending') return [{ status: 'Pending' }, { status: 'Pending' }];
  return [{ status: 'Done' }, { status: release.status }];
}
