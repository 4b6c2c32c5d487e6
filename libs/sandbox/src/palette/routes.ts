import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Emulator, EmulatorInstance, World } from '../core/emulator.ts';
import { type Rows, rowsOf } from '../core/pages.ts';
import { isRecord } from '../core/population.ts';
import { clusterRoutes } from './cluster-routes.ts';
import type { Scope } from './deleted.ts';
import { type AppDeployment, summaryForm } from './deployments.ts';
import { PaletteErrors } from './errors.ts';
import { groupMetaForm } from './groups.ts';
import { mappedRows, pageOf, queryText } from './paging.ts';
import { type PaletteProject, projectSummary } from './projects.ts';
import { parseNameFilter, parseSort, type SortFields } from './search.ts';
import { PaletteSessions, tokenLife } from './session.ts';
import { PaletteState } from './state.ts';

const credentials = {
  apiKey: 'palette-sandbox-api-key',
  emailId: 'admin@example.com',
  password: 'palette-sandbox-password',
  org: 'sandbox',
} as const;

/** What the route files share: the state, the error bodies and the scope of a call. */
export interface PaletteContext {
  state: PaletteState;
  errors: PaletteErrors;
  /** By the header ProjectUid, else the query parameter; a project that is not there is a 404 ProjectNotFoundInTenant. */
  scopeOf(request: FastifyRequest): Scope;
}

interface ByUid {
  Params: { uid: string };
}

export const palette: Emulator = {
  name: 'palette',
  basePath: '',
  credentials,
  create: (world: World): EmulatorInstance => {
    const state = new PaletteState(world);
    const errors = new PaletteErrors(() => world.newId());
    const sessions = new PaletteSessions(world, credentials);
    const context: PaletteContext = {
      state,
      errors,
      scopeOf: (request) => {
        const header = request.headers['projectuid'];
        const uid =
          (typeof header === 'string' ? header : undefined) ??
          queryText(request, 'ProjectUid') ??
          queryText(request, 'projectUid') ??
          '';
        const scope = uid === '' ? null : state.scopeOf(uid);
        if (scope === undefined) {
          throw errors.fail(404, 'ProjectNotFoundInTenant', `project '${uid}' is not found in the tenant`);
        }
        return scope;
      },
    };
    return {
      routes: (app) => {
        authRoutes(app, sessions, errors);
        app.register(async (guarded) => {
          guarded.addHook('onRequest', async (request) => {
            const { authorization, apikey } = request.headers;
            const known =
              authorization === undefined
                ? typeof apikey === 'string' && sessions.isApiKey(apikey)
                : sessions.isValid(authorization);
            if (!known) throw errors.fail(401);
            context.scopeOf(request);
          });
          projectRoutes(guarded, context);
          clusterRoutes(guarded, context);
          deploymentRoutes(guarded, context);
          groupRoutes(guarded, context);
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
};

function authRoutes(app: FastifyInstance, sessions: PaletteSessions, errors: PaletteErrors): void {
  const answer = (request: FastifyRequest, reply: FastifyReply, token: string | undefined): unknown => {
    if (token === undefined) throw errors.fail(401, 'InvalidCredentials', 'the credentials are not valid');
    if (queryText(request, 'setCookie') !== 'false') {
      reply.header('set-cookie', `Authorization=${token}; Path=/; Max-Age=${tokenLife / 1000}; HttpOnly`);
    }
    return { Authorization: token, isMfa: false };
  };
  app.post('/v1/auth/authenticate', async (request, reply) => {
    const body: unknown = request.body;
    if (!isRecord(body) || typeof body['emailId'] !== 'string' || typeof body['password'] !== 'string') {
      throw errors.fail(400, undefined, 'emailId and password in body are required');
    }
    return answer(request, reply, sessions.login(body));
  });
  app.get<{ Params: { token: string } }>('/v1/auth/refresh/:token', async (request, reply) =>
    answer(request, reply, sessions.refresh(request.params.token)),
  );
}

const times = {
  creationTimestamp: (object: AppDeployment | PaletteProject) => object.metadata.creationTimestamp,
  lastModifiedTimestamp: (object: AppDeployment | PaletteProject) => object.metadata.lastModifiedTimestamp,
};

function bodyOf(request: FastifyRequest): Record<string, unknown> {
  return isRecord(request.body) ? request.body : {};
}

/** The rows that pass, in the order asked for; the rows themselves, unread, when neither was asked for. */
function chosen<T>(
  rows: Rows<T>,
  passes: ((row: T) => boolean) | undefined,
  order: ((left: T, right: T) => number) | undefined,
): Rows<T> {
  if (passes === undefined && order === undefined) return rows;
  const found = rows.slice(0, rows.size).filter((row) => passes?.(row) ?? true);
  return rowsOf(order === undefined ? found : found.sort(order));
}

/** Projects are the tenant's: a valid ProjectUid changes nothing here. */
function projectRoutes(app: FastifyInstance, { state, errors }: PaletteContext): void {
  const sorts: SortFields<PaletteProject> = { ...times, name: (project) => project.metadata.name };
  const summary = (project: PaletteProject): Record<string, unknown> => {
    const clusters = state.own(state.scopeOf(project.metadata.uid) ?? null);
    const count = (passes: (word: string) => boolean, part: 'state' | 'health'): number =>
      clusters.filter(({ status }) =>
        passes(part === 'state' ? status.state : String(status.health?.['state'])),
      ).length;
    return projectSummary(
      project,
      {
        errored: count((word) => word === 'Error', 'state'),
        healthy: count((word) => word === 'Healthy', 'health'),
        running: count((word) => word === 'Running', 'state'),
        unhealthy: count((word) => word === 'UnHealthy', 'health'),
      },
      clusters.map(({ metadata }) => metadata.uid),
    );
  };
  app.post('/v1/dashboard/projects', async (request) => {
    const { filter, sort } = bodyOf(request);
    const named = parseNameFilter(isRecord(filter) ? filter['name'] : undefined);
    const passes = named && ((project: PaletteProject) => named(project.metadata.name));
    const rows = chosen(state.projects, passes, parseSort(sort, sorts, errors));
    return pageOf(request, mappedRows(rows, summary), errors);
  });
  app.get('/v1/projects', async (request) => pageOf(request, state.projects, errors));
  app.get('/v1/dashboard/projects/metadata', async (request) => {
    const wanted = queryText(request, 'name');
    const all = state.projects.slice(0, state.projects.size);
    const items = all
      .filter(({ metadata }) => wanted === undefined || metadata.name === wanted)
      .map(({ metadata }) => ({ metadata: { name: metadata.name, uid: metadata.uid } }));
    return { items };
  });
  app.get<ByUid>('/v1/projects/:uid', async (request) => {
    const found = state.projects.get(request.params.uid);
    if (found === undefined) throw errors.notFound('project', request.params.uid);
    return found;
  });
}

function deploymentRoutes(app: FastifyInstance, { state, errors, scopeOf }: PaletteContext): void {
  const sorts: SortFields<AppDeployment> = { ...times, appDeploymentName: (object) => object.metadata.name };
  const summary = (deployment: AppDeployment): Record<string, unknown> => {
    const cluster = state.anyCluster(deployment.spec.config.target.clusterRef.uid);
    const health = cluster?.status.health?.['state'];
    return summaryForm(deployment, typeof health === 'string' ? health : null);
  };
  app.post('/v1/dashboard/appDeployments', async (request) => {
    const { filter, sort } = bodyOf(request);
    const wanted = isRecord(filter) ? filter : {};
    const named = parseNameFilter(wanted['appDeploymentName']);
    const clusterUids = Array.isArray(wanted['clusterUids']) ? wanted['clusterUids'] : [];
    const passes =
      named === undefined && clusterUids.length === 0
        ? undefined
        : ({ metadata, spec }: AppDeployment) =>
            (named?.(metadata.name) ?? true) &&
            (clusterUids.length === 0 || clusterUids.includes(spec.config.target.clusterRef.uid));
    const rows = chosen(state.deploymentsOf(scopeOf(request)), passes, parseSort(sort, sorts, errors));
    const { items, listmeta } = pageOf(request, mappedRows(rows, summary), errors);
    return { appDeployments: items, listmeta };
  });
  app.get<ByUid>('/v1/appDeployments/:uid', async (request) => {
    const found = state.deployment(request.params.uid, scopeOf(request));
    if (found === undefined) throw errors.notFound('app deployment', request.params.uid);
    return found;
  });
}

function groupRoutes(app: FastifyInstance, { state, errors, scopeOf }: PaletteContext): void {
  app.get('/v1/clustergroups/hostCluster/metadata', async (request) => ({
    items: state.groupsOf(scopeOf(request)).map(groupMetaForm),
  }));
  app.get<ByUid>('/v1/clustergroups/:uid', async (request) => {
    const { uid } = request.params;
    const found = state.groupsOf(scopeOf(request)).find(({ metadata }) => metadata.uid === uid);
    if (found === undefined) throw errors.notFound('cluster group', uid);
    return found;
  });
}
