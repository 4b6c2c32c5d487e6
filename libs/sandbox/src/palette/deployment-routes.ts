import type { FastifyInstance, FastifyRequest } from 'fastify';
import { isRecord } from '../core/population.ts';
import { type AppDeployment, type ClusterRef, summaryForm } from './app-form.ts';
import type { ByUid, PaletteContext } from './context.ts';
import { bodyOf, chosen, times } from './listing.ts';
import { mappedRows, pageOf } from './paging.ts';
import { parseNameFilter, parseSort, type SortFields } from './search.ts';

export function deploymentRoutes(app: FastifyInstance, context: PaletteContext): void {
  const { state, errors, scopeOf } = context;
  const sorts: SortFields<AppDeployment> = { ...times, appDeploymentName: (object) => object.metadata.name };
  const summary = (deployment: AppDeployment): Record<string, unknown> => {
    const cluster = state.clusters.any(deployment.spec.config.target.clusterRef.uid);
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
  deploymentWriteRoutes(app, context);
}

function deploymentWriteRoutes(app: FastifyInstance, { writes, bodies, scopeOf }: PaletteContext): void {
  const create = (request: FastifyRequest, target: (body: Record<string, unknown>) => () => ClusterRef) => {
    const body = bodies.object(request.body);
    return writes.createDeployment(
      scopeOf(request),
      {
        ...bodies.metadata(body),
        profile: writes.profileOf(bodies.text(body, 'spec.profile.appProfileUid')),
      },
      target(body),
    );
  };
  const targetPath = 'spec.config.targetSpec';
  app.post('/v1/appDeployments', async (request, reply) =>
    writes.made(
      reply,
      create(request, (body) => {
        const uid = bodies.text(body, `${targetPath}.clusterUid`);
        return () => writes.clusterRef(uid, scopeOf(request));
      }),
    ),
  );
  app.post('/v1/appDeployments/clusterGroup', async (request, reply) =>
    writes.made(
      reply,
      create(request, (body) => {
        const groupUid = bodies.text(body, `${targetPath}.clusterGroupUid`);
        const name = bodies.text(body, `${targetPath}.clusterName`);
        return () => writes.virtualCluster(scopeOf(request), groupUid, name);
      }),
    ),
  );
  app.put<ByUid>('/v1/appDeployments/:uid/profile', async (request, reply) => {
    const profileUid = bodies.text(bodies.object(request.body), 'appProfileUid');
    writes.changeProfile(request.params.uid, scopeOf(request), profileUid);
    return reply.code(204).send();
  });
  app.delete<ByUid>('/v1/appDeployments/:uid', async (request, reply) => {
    writes.deleteDeployment(request.params.uid, scopeOf(request));
    return reply.code(204).send();
  });
}
