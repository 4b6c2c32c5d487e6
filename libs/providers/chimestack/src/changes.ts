import { Fault } from '@fleetgate/model';
import { type Http, makeAmongNamesakes, removeInStep, step } from '@fleetgate/provider-kit';
import type { Call, Clusters } from '@fleetgate/provider-spec';
import { Cluster, Done, OneCluster, type Whole } from './wire.ts';
import { ClusterSpec } from './writes.ts';

/** What the changes of clusters need of how they are read. */
export interface ReadClusters {
  /** Rejects with `invalid`, field `location`, where there is no such zone. */
  zoneAt(location: string, call: Call): Promise<string>;
  /** all of one zone */
  inZone(zone: string, call: Call): Promise<readonly Whole[]>;
  /** Rejects with `not_found` for one that is deleted but still shown. */
  read(key: readonly string[], call: Call): Promise<{ zone: string; cluster: Whole }>;
}

export function clusterChanges(
  http: Http,
  { zoneAt, inZone, read }: ReadClusters,
): Required<Pick<Clusters, 'create' | 'patch' | 'remove'>> {
  const pathOf = (zone: string, ...more: readonly string[]) => ['v1', 'az', zone, 'cluster', ...more];

  async function send(
    name: string,
    request: { method: 'PATCH' | 'PUT'; path: readonly string[]; body?: unknown },
    call: Call,
  ): Promise<void> {
    await step(call, name, {
      async make(during) {
        await http.request({ ...request, answer: Done }, during);
        return true;
      },
      idempotent: true,
      assumed: true,
    });
  }

  return {
    async create({ value }, call) {
      const { name, kind, location, description } = value;
      if (location === undefined) {
        throw new Fault('invalid', 'a cluster is made in an availability zone', { field: 'location' });
      }
      const zone = await zoneAt(location, call);
      const body: Body = {
        name,
        description: description ?? '',
        ...(kind === undefined ? {} : { hypervisor_type: kind }),
        ...given(ClusterSpec.parse(value.spec ?? {})),
      };
      const uuid = await makeAmongNamesakes(call, 'cluster', {
        make: async (during) =>
          (await http.request({ method: 'POST', path: pathOf(zone), body, answer: OneCluster }, during)).uuid,
        namesakes: async (during) =>
          (await inZone(zone, during)).filter((one) => Cluster.parse(one).name === name),
        idOf: (one) => one.uuid,
        isSame: async (one) => hasContent(one, body),
        assumed: 'new-cluster',
      });
      return { key: [zone, uuid] };
    },

    async patch({ key, value: { name, description, disabled, spec } }, call) {
      const { zone, cluster } = await read(key, call);
      const path = pathOf(zone, cluster.uuid);
      if (name !== undefined || description !== undefined || spec !== undefined) {
        // Whether the upstream keeps what is not named is not documented, and a name is a must: all of it is sent.
        const now = Cluster.parse(cluster);
        const body: Body = {
          name: name ?? (now.name || cluster.uuid),
          description: (description === undefined ? now.description : description) ?? '',
          ...given({ hypervisor_type: now.hypervisor_type, arch: now.arch, type: now.type }),
          ...given(ClusterSpec.parse(spec ?? {})),
        };
        await send('cluster', { method: 'PATCH', path, body }, call);
      }
      if (disabled !== undefined) {
        const action = disabled ? 'disable' : 'enable';
        await send(action, { method: 'PUT', path: [...path, action] }, call);
      }
      return { key: [zone, cluster.uuid] };
    },

    async remove({ key }, call) {
      await removeInStep(call, 'cluster', {
        look: (during) => read(key, during),
        send: async (during) => {
          const [zone = '', uuid = ''] = key;
          await http.request({ method: 'DELETE', path: pathOf(zone, uuid), answer: Done }, during);
        },
      });
    },
  };
}

interface Body {
  readonly name: string;
  readonly description: string;
  readonly hypervisor_type?: string;
  readonly arch?: string;
  readonly type?: number;
}

/** Without what is not known. */
function given<T extends object>(fields: T): { [K in keyof T]?: NonNullable<T[K]> } {
  const known = Object.entries(fields).filter(([, value]) => value !== undefined && value !== null);
  return Object.fromEntries(known) as { [K in keyof T]?: NonNullable<T[K]> };
}

/** Whether a cluster is what was asked for, as far as it was said. The upstream spells one architecture in two ways. */
function hasContent(whole: Whole, body: Body): boolean {
  const { description, ...shown } = Cluster.parse(whole);
  return (
    (description ?? '') === body.description &&
    (body.hypervisor_type ?? shown.hypervisor_type) === shown.hypervisor_type &&
    spelled(body.arch ?? shown.arch) === spelled(shown.arch) &&
    (body.type ?? shown.type) === shown.type
  );
}

function spelled(arch: string | null | undefined): string | null | undefined {
  return arch === 'x86' ? 'x86_64' : arch;
}
