import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Emulator, EmulatorInstance, World } from '../core/emulator.ts';
import { isRecord } from '../core/population.ts';
import { Bodies } from './bodies.ts';
import { clusterRoutes } from './cluster-routes.ts';
import type { ByUid, PaletteContext } from './context.ts';
import { deploymentRoutes } from './deployment-routes.ts';
import { PaletteErrors } from './errors.ts';
import { groupMetaForm } from './groups.ts';
import { queryText } from './paging.ts';
import { projectRoutes } from './project-routes.ts';
import { PaletteSessions, tokenLife } from './session.ts';
import { PaletteState } from './state.ts';
import { PaletteWrites } from './writes.ts';

const credentials = {
  apiKey: 'palette-sandbox-api-key',
  emailId: 'admin@example.com',
  password: 'palette-sandbox-password',
  org: 'sandbox',
} as const;

export const palette = {
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
      writes: new PaletteWrites(world, state, errors),
      bodies: new Bodies(errors),
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
            state.settle();
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
} as const satisfies Emulator;

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

function groupRoutes(app: FastifyInstance, { state, errors, scopeOf }: PaletteContext): void {
  app.get('/v1/clustergroups/hostCluster/metadata', async (request) => ({
    items: state.groupsOf(scopeOf(request)).map(groupMetaForm),
  }));
  app.get<ByUid>('/v1/clustergroups/:uid', async (request) => {
    const { uid } = request.params;
    const found = state.group(uid, scopeOf(request));
    if (found === undefined) throw errors.notFound('cluster group', uid);
    return found;
  });
}
