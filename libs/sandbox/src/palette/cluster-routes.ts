import type { FastifyInstance } from 'fastify';
import { rowsOf } from '../core/pages.ts';
import { isRecord } from '../core/population.ts';
import { fullForm, metaForm, overviewForm, searchForm } from './cluster-forms.ts';
import { clusterWriteRoutes } from './cluster-write-routes.ts';
import type { PaletteCluster } from './clusters.ts';
import type { ByUid, PaletteContext } from './context.ts';
import { mappedRows, pageOf } from './paging.ts';
import { clusterSorts, parseFilter, parseSort } from './search.ts';

export function clusterRoutes(app: FastifyInstance, context: PaletteContext): void {
  const { state, errors, scopeOf } = context;
  app.post('/v1/dashboard/spectroclusters/search', async (request) => {
    const body = isRecord(request.body) ? request.body : {};
    const rows = state.clusters.search(scopeOf(request), parseFilter(body['filter'], errors));
    const order = parseSort(body['sort'], clusterSorts, errors);
    const sorted = order === undefined ? rows : rowsOf(rows.slice(0, rows.size).sort(order));
    return pageOf(request, mappedRows(sorted, searchForm), errors);
  });
  app.get('/v1/dashboard/spectroclusters/meta', async (request) =>
    state.clusters.own(scopeOf(request)).map(metaForm),
  );
  app.get('/v1/dashboard/spectroclusters/metadata', async (request) => ({
    items: state.clusters.own(scopeOf(request)).map(metaForm),
  }));

  const one = (path: string, form: (cluster: PaletteCluster) => unknown): void => {
    app.get<ByUid>(path, async (request) => {
      const found = state.clusters.find(request.params.uid, scopeOf(request));
      if (found === undefined) throw errors.notFound('cluster', request.params.uid);
      return form(found);
    });
  };
  one('/v1/dashboard/spectroclusters/:uid', overviewForm);
  one('/v1/dashboard/spectroclusters/:uid/overview', overviewForm);
  one('/v1/spectroclusters/:uid', fullForm);
  one('/v1/spectroclusters/:uid/status', ({ status }) => ({ status: { state: status.state } }));

  for (const asset of ['kubeconfig', 'adminKubeconfig', 'kubeconfigclient']) {
    app.get<ByUid>(`/v1/spectroclusters/:uid/assets/${asset}`, async (request, reply) => {
      const found = state.clusters.find(request.params.uid, scopeOf(request));
      if (found?.status.state !== 'Running')
        throw errors.notFound('kubeconfig of cluster', request.params.uid);
      reply.header('content-disposition', `attachment; filename=${found.metadata.name}.kubeconfig`);
      reply.type('application/octet-stream');
      return kubeconfigOf(found);
    });
  }
  clusterWriteRoutes(app, context);
}

function kubeconfigOf({ metadata }: PaletteCluster): string {
  const { name } = metadata;
  return [
    'apiVersion: v1',
    'kind: Config',
    `current-context: ${name}`,
    'clusters:',
    `- name: ${name}`,
    `  cluster: {server: "https://${name}.k8s.example.com:6443"}`,
    'contexts:',
    `- name: ${name}`,
    `  context: {cluster: ${name}, user: ${name}-admin}`,
    'users:',
    `- name: ${name}-admin`,
    '  user: {token: sandbox}',
    '',
  ].join('\n');
}
