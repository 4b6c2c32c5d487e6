/**
 * What the sample can have, in the order in which a sync walks it (parents first). `facet` is the contract's word, `kind` the model's,
 * `file` the file that holds it, `path` the sample API's, `one`, `type` and `wire` what the generated code calls one of them.
 */
export const allFacets = [
  { facet: 'projects', kind: 'project', file: 'projects', one: 'project', type: 'Project' },
  { facet: 'clusters', kind: 'cluster', file: 'clusters', one: 'cluster', type: 'Cluster' },
  {
    facet: 'clusterGroups',
    kind: 'cluster_group',
    file: 'cluster-groups',
    one: 'clusterGroup',
    type: 'ClusterGroup',
  },
  { facet: 'deployments', kind: 'deployment', file: 'deployments', one: 'deployment', type: 'Deployment' },
  { facet: 'releases', kind: 'release', file: 'releases', one: 'release', type: 'Release' },
].map((each) => ({ ...each, path: each.file, wire: `Wire${each.type}` }));

export const defaultFacets = ['projects', 'clusters', 'deployments'];
