import type { ReleaseRecord } from '@fleetgate/model';
import {
  type Http,
  instant,
  native,
  nestedList,
  offsetList,
  partsOf,
  wholeList,
} from '@fleetgate/provider-kit';
import type { Facet } from '@fleetgate/provider-spec';
import { z } from 'zod';
import { findIn, listed } from './lists.ts';
import type { FleetManagerSettings } from './settings.ts';
import { rolloutStatus } from './statuses.ts';
import { pageOf, WireDeployment, WireRelease } from './wire.ts';

/** Key: deployment, release. No known call reads one release: the deployment's own are searched. */
export function releases(http: Http, { releases: source }: FleetManagerSettings): Facet<ReleaseRecord> {
  return source === 'listed' ? releasesListed(http) : releasesPerDeployment(http);
}

function releasesListed(http: Http): Facet<ReleaseRecord> {
  /** The upstream's own filter by deployment is not to be trusted: what comes back is filtered again. */
  const ofDeployment = (deploymentId: string) =>
    offsetList<ReleaseRecord>({
      scheme: `fleet-manager releases of ${deploymentId}`,
      pageSize: { default: 200, max: 200 },
      async fetch({ offset, limit }, call) {
        const { items, meta } = await http.request(
          {
            path: ['deployment-releases'],
            query: { deploymentId, offset, limit },
            answer: pageOf(WireRelease),
          },
          call,
        );
        const own = items.filter((wire) => wire.deploymentId === deploymentId);
        return {
          items: own.map((wire) => releaseOf(wire, deploymentId)),
          received: items.length,
          total: meta?.total ?? offset + items.length,
        };
      },
    });
  return {
    list: listed(http, ['deployment-releases'], WireRelease, (wire) =>
      wire.deploymentId ? releaseOf(wire, wire.deploymentId) : undefined,
    ),
    async get({ key }, call) {
      const [deployment, release] = partsOf(key, 2);
      return findIn(ofDeployment(deployment), ({ key: found }) => found[1] === release, call);
    },
  };
}

function releasesPerDeployment(http: Http): Facet<ReleaseRecord> {
  const ofDeployment = (id: string) =>
    wholeList(async (call) => {
      const path = ['deployments', id, 'releases'];
      const wires = await http.request({ path, answer: z.array(WireRelease) }, call);
      return wires.map((wire) => releaseOf(wire, id));
    });
  return {
    list: nestedList({
      scheme: 'fleet-manager releases by deployment',
      scope: z.string(),
      outer: listed(http, ['deployments'], WireDeployment, ({ id }) => id),
      inner: (id, input, call) => ofDeployment(id)(input, call),
    }),
    async get({ key }, call) {
      const [deployment, release] = partsOf(key, 2);
      return findIn(ofDeployment(deployment), ({ key: found }) => found[1] === release, call);
    },
  };
}

export function releaseOf(wire: WireRelease, deploymentId: string): ReleaseRecord {
  return {
    key: [deploymentId, wire.id],
    name: wire.label || wire.id,
    labels: {},
    native_status: wire.status ?? null,
    created_at: instant(wire.createdAt),
    updated_at: instant(wire.updatedAt),
    status: rolloutStatus(wire.status),
    version: null,
    completed_at: null,
    deployment_key: [deploymentId],
    native: native(wire),
  };
}
