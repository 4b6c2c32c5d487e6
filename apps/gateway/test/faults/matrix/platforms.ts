import { decodeId, encodeId, type Kind } from '@fleetgate/model';
import type { ObjectKind, UpstreamName } from '@fleetgate/sandbox';

/** What is read and made at one platform. */
export interface Ways {
  /** of what is listed and read */
  readonly kind: Exclude<Kind, 'release'> & ObjectKind;
  readonly path: string;
  readonly made: {
    readonly kind: ObjectKind;
    readonly path: string;
    /** the upstream's path of the request that makes it */
    readonly upstreamPath: string;
    body(name: string, known: Known): object;
  };
}

/** What a test knows of a connection before anything goes wrong. */
export interface Known {
  readonly ids: readonly string[];
  /** of a cluster, and where it is; null: the platform has none, or does not say */
  readonly cluster: { readonly id: string; readonly location: string | null } | null;
}

const project = (upstreamPath: string, rest: object = {}): Ways['made'] => ({
  kind: 'project',
  path: '/v1/projects',
  upstreamPath,
  body: (name) => ({ name, ...rest }),
});

export const waysOf: Record<UpstreamName, Ways> = {
  'app-platform': { kind: 'project', path: '/v1/projects', made: project('/projects$') },
  chimestack: {
    kind: 'cluster',
    path: '/v1/clusters',
    made: {
      kind: 'cluster',
      path: '/v1/clusters',
      upstreamPath: '/cluster$',
      body: (name, { cluster }) => ({ name, location: cluster?.location }),
    },
  },
  'fleet-manager': {
    kind: 'cluster',
    path: '/v1/clusters',
    made: project('/deployment-applications$', { spec: { source_config: 'type: Application\n' } }),
  },
  'kubestellar-toolkit': {
    kind: 'deployment',
    path: '/v1/deployments',
    made: {
      kind: 'deployment',
      path: '/v1/deployments',
      upstreamPath: '.',
      body: (name, { cluster }) => ({ name, version: 'v1', target: { kind: 'cluster', id: cluster?.id } }),
    },
  },
  palette: { kind: 'cluster', path: '/v1/clusters', made: project('/v1/projects$') },
};

/** The id of an object that was added upstream, where it lies beside one that is known. */
export function idBeside(known: string, kind: Kind, slug: string, added: string): string {
  const address = decodeId(known);
  if (!address) throw new Error(`${known} is no id`);
  return encodeId(kind, slug, [...address.key.slice(0, -1), added.split('/').at(-1) as string]);
}
