import type { FastifyInstance, FastifyRequest } from 'fastify';
import {
  type Answer,
  type Emulator,
  type EmulatorInstance,
  WireError,
  type World,
} from '../core/emulator.ts';
import { type Rows, readPage, rowsOf } from '../core/pages.ts';
import { envelope, type FieldProblem } from './errors.ts';
import { RateLimit } from './rate-limit.ts';
import { AppState } from './state.ts';
import { writeRoutes } from './write-routes.ts';

const apiKey = 'app_key_sandbox';
const requestsPerHour = 1_000_000; // an enterprise plan, so that tests meet the limit only when they ask for it

/** The app platform (projects, deployments, teams), under /v1. */
export const appPlatform = {
  name: 'app-platform',
  basePath: '/v1',
  credentials: { apiKey },
  create: createAppPlatform,
} as const satisfies Emulator;

function createAppPlatform(world: World): EmulatorInstance {
  const state = new AppState(world);
  const rateLimit = new RateLimit(world.clock, requestsPerHour);
  const limited = (answer: Answer): Answer => ({
    ...answer,
    headers: { ...answer.headers, ...rateLimit.headers() },
  });
  return {
    routes: (app) => {
      app.addHook('onRequest', async (_request, reply) => {
        const allowed = rateLimit.take();
        reply.headers(rateLimit.headers());
        if (allowed) return;
        const headers = { 'retry-after': String(rateLimit.secondsToReset()) };
        throw new WireError(limited({ ...envelope(429), headers }));
      });
      app.get('/health', () => ({ status: 'ok' })); // the one path without a key
      app.register(async (guarded) => {
        guarded.addHook('preHandler', async (request) => checkKey(request));
        readRoutes(guarded, state);
        writeRoutes(guarded, state);
      });
    },
    error: (status) => limited(envelope(status)),
    refuse: () => limited(envelope(401)),
    expireSessions: () => undefined, // there are no sessions, only static keys
    add: (kind, count) => state.add(kind, count),
    remove: (kind, key) => state.remove(kind, key),
    touch: (kind, key, change) => state.touch(kind, key, change),
    size: (kind) => state.size(kind),
  };
}

function checkKey(request: FastifyRequest): void {
  const bearer = request.headers.authorization?.match(/^Bearer +(.+)$/i)?.[1];
  if (bearer !== apiKey) throw new WireError(envelope(401));
}

function readRoutes(app: FastifyInstance, state: AppState): void {
  app.get('/projects', (request) => page(request, projectsFor(request, state)));
  app.get('/projects/:id', (request) => ({ data: found(state.projects.get(idOf(request))) }));
  app.get('/projects/:id/deployments', (request) =>
    page(request, rowsOf(found(state.deploymentsOf(idOf(request))))),
  );
  app.get('/deployments/:id', (request) => ({
    data: found(state.deployments.population.get(idOf(request))),
  }));
  app.get('/teams', (request) => page(request, state.teams));
  app.get('/teams/:id/members', (request) => page(request, rowsOf(found(state.membersOf(idOf(request))))));
}

function idOf(request: FastifyRequest): string {
  return (request.params as { id: string }).id;
}

function found<T>(object: T | undefined): T {
  if (object === undefined) throw new WireError(envelope(404));
  return object;
}

/** `status` is active or archived, anything else a 422; `team` is an id, and an unknown one finds nothing. */
function projectsFor(request: FastifyRequest, state: AppState): Rows<unknown> {
  const { status, team } = request.query as { status?: string; team?: string };
  if (status !== undefined && status !== 'active' && status !== 'archived') {
    throw invalid([{ field: 'status', message: 'Status must be one of: active, archived' }]);
  }
  if (status === undefined && team === undefined) return state.projects;
  return rowsOf(
    state.projects.filter(
      (project) =>
        (status === undefined || project.status === status) &&
        (team === undefined || project.team?.id === team),
    ),
  );
}

function page<T>(request: FastifyRequest, rows: Rows<T>): unknown {
  const query = request.query as { page?: string; limit?: string };
  const problems: FieldProblem[] = [];
  const number = wholeNumber('page', query.page, 1, Number.MAX_SAFE_INTEGER / 100, problems);
  const limit = wholeNumber('limit', query.limit, 20, 100, problems);
  if (problems.length > 0) throw invalid(problems);
  const read = readPage(request, rows, (number - 1) * limit, limit);
  const pages = Math.ceil(read.total / limit);
  return { data: read.rows, pagination: { page: number, limit, total: read.total, pages } };
}

function wholeNumber(
  field: string,
  text: string | undefined,
  otherwise: number,
  most: number,
  problems: FieldProblem[],
): number {
  if (text === undefined) return otherwise;
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= 1 && value <= most) return value;
  const title = `${field.slice(0, 1).toUpperCase()}${field.slice(1)}`;
  const range = field === 'limit' ? `a whole number from 1 to ${most}` : 'a whole number from 1';
  problems.push({ field, message: `${title} must be ${range}` });
  return otherwise;
}

function invalid(details: readonly FieldProblem[]): WireError {
  return new WireError(envelope(422, details));
}
