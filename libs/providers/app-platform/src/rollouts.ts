import { Fault } from '@fleetgate/model';
import { everyItem, type Http, remember, step } from '@fleetgate/provider-kit';
import type { Call, CreateDeploymentInput } from '@fleetgate/provider-spec';
import { listed } from './lists.ts';
import { Made, WireDeployment } from './wire.ts';
import { DeploymentSpec } from './writes.ts';

/**
 * Starts a deployment of a project, and gives its id. A deployment has no name and takes no mark of ours, so what a lost request
 * has started is told by the upstream's own times: it is as new as the newest of before, and is none of those.
 */
export async function startDeployment(
  http: Http,
  project: string,
  { version, spec }: CreateDeploymentInput['value'],
  call: Call,
): Promise<string> {
  const path = ['projects', project, 'deployments'];
  const { commit } = DeploymentSpec.parse(spec ?? {});
  const body = version === undefined && commit === undefined ? undefined : { version, commit };
  const every = listed(http, path, WireDeployment, (wire) => wire);
  const before = await remember(call, 'deployments of before', async (during) =>
    newest(await everyItem(every, () => true, during)),
  );
  return step(call, 'deployment', {
    async make(during) {
      const { data } = await http.request({ method: 'POST', path, body, answer: Made }, during);
      return data.id;
    },
    async find(during) {
      const isNew = (wire: WireDeployment) =>
        timeOf(wire) >= before.at &&
        !before.ids.includes(wire.id) &&
        (version === undefined || wire.version === version) &&
        (commit === undefined || wire.commit === commit);
      const [found, ...others] = await everyItem(every, isNew, during);
      if (others.length === 0) return found?.id;
      throw new Fault('outcome_unknown', `any of ${others.length + 1} new deployments may be the one`);
    },
    assumed: 'id-of-the-new-deployment',
  });
}

/** When the newest began, in milliseconds since the epoch by the upstream's clock, and which ones did then. */
function newest(wires: readonly WireDeployment[]): { at: number; ids: string[] } {
  const at = Math.max(0, ...wires.map(timeOf).filter(Number.isFinite));
  return { at, ids: wires.filter((wire) => timeOf(wire) >= at).map(({ id }) => id) };
}

/** One without a time may be as new as any. */
function timeOf({ created_at }: WireDeployment): number {
  const time = Date.parse(created_at ?? '');
  return Number.isNaN(time) ? Number.POSITIVE_INFINITY : time;
}
