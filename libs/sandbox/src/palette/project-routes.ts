import type { FastifyInstance, FastifyReply } from 'fastify';
import { isRecord } from '../core/population.ts';
import type { ByUid, PaletteContext } from './context.ts';
import { bodyOf, chosen, times } from './listing.ts';
import { mappedRows, pageOf, queryText } from './paging.ts';
import { type PaletteProject, type ProjectOrder, projectSummary } from './projects.ts';
import { parseNameFilter, parseSort, type SortFields } from './search.ts';

/** Projects are the tenant's: a valid ProjectUid changes nothing here. */
export function projectRoutes(app: FastifyInstance, context: PaletteContext): void {
  const { state, errors } = context;
  const sorts: SortFields<PaletteProject> = { ...times, name: (project) => project.metadata.name };
  const summary = (project: PaletteProject): Record<string, unknown> => {
    const clusters = state.clusters.own(state.scopeOf(project.metadata.uid) ?? null);
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
  projectWriteRoutes(app, context);
}

function projectWriteRoutes(app: FastifyInstance, { writes, bodies }: PaletteContext): void {
  const members = (body: Record<string, unknown>, path: string): Pick<ProjectOrder, 'teams' | 'users'> => {
    const teams = bodies.list(body, `${path}teams`, (entry) => writes.teamRef(bodies.text(entry, 'teamId')));
    const users = bodies.list(body, `${path}users`, (entry) => {
      const uid = bodies.text(entry, 'userId');
      return { uid, name: uid };
    });
    return { ...(teams === undefined ? {} : { teams }), ...(users === undefined ? {} : { users }) };
  };
  const orderOf = (given: unknown): ProjectOrder => {
    const body = bodies.object(given);
    const { logoUid } = isRecord(body['spec']) ? body['spec'] : {};
    return {
      ...bodies.metadata(body),
      ...members(body, 'spec.'),
      ...(typeof logoUid === 'string' ? { logoUid } : {}),
    };
  };
  const done = (reply: FastifyReply): FastifyReply => reply.code(204).send();

  app.post('/v1/projects', async (request, reply) =>
    writes.made(reply, writes.createProject(orderOf(request.body))),
  );
  app.put<ByUid>('/v1/projects/:uid', async (request, reply) => {
    writes.changeProject(request.params.uid, () => orderOf(request.body));
    return done(reply);
  });
  app.put<ByUid>('/v1/projects/:uid/meta', async (request, reply) => {
    writes.changeProject(request.params.uid, () =>
      bodies.metadata({ metadata: bodies.object(request.body) }),
    );
    return done(reply);
  });
  for (const part of ['teams', 'users'] as const) {
    app.put<ByUid>(`/v1/projects/:uid/${part}`, async (request, reply) => {
      writes.changeProject(request.params.uid, ({ metadata: { name, labels, annotations } }) => ({
        name,
        labels,
        annotations,
        [part]: members(bodies.object(request.body), '')[part] ?? [],
      }));
      return done(reply);
    });
  }
  app.delete<ByUid>('/v1/projects/:uid', async (request, reply) => {
    const cleanUp = queryText(request, 'cleanupProjectResources') === 'true';
    writes.deleteProject(request.params.uid, cleanUp);
    return done(reply);
  });
  app.delete<ByUid>('/v1/projects/:uid/validate', async (request) => writes.heldBy(request.params.uid));
}
