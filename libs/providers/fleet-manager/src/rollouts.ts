import { Fault } from '@fleetgate/model';
import { type Http, remember, step } from '@fleetgate/provider-kit';
import type { Call, Clock } from '@fleetgate/provider-spec';
import { z } from 'zod';
import { type Applications, goneApplication } from './applications.ts';
import { sendChange } from './errors.ts';
import { Deployed, WireRelease } from './wire.ts';

/** A release that was started may take a moment to be listed: how often it is looked for, and how long between, in milliseconds. */
const looks = { attempts: 5, wait: 300 };

export interface Deploying {
  readonly deploymentId: string;
  readonly applicationId: string | undefined;
  /** the deployment was made by this very write, so that it has had no release */
  readonly isNew: boolean;
}

export type StartRelease = (deploying: Deploying, call: Call) => Promise<string>;

/**
 * Starts a release and gives its id. The newest release of before is remembered, so that ours is known from any older one; the
 * upstream runs one at a time.
 */
export function releaseStarter(http: Http, applications: Applications, clock: Clock): StartRelease {
  /** oldest first */
  async function releasesOf(id: string, call: Call): Promise<WireRelease[]> {
    const path = ['deployments', id, 'releases'];
    const found = await http.request({ path, answer: z.array(WireRelease) }, call);
    // An order that the times contradict is not relied on; where they say nothing it is all there is.
    return found.toSorted(
      (one, other) => Date.parse(one.createdAt ?? '') - Date.parse(other.createdAt ?? '') || 0,
    );
  }

  return async ({ deploymentId, applicationId, isNew }, call) => {
    const latest = isNew
      ? null
      : await remember(call, 'latest release', async (during) => {
          const last = (await releasesOf(deploymentId, during)).at(-1);
          return last ? { id: last.id, createdAt: last.createdAt ?? null } : null;
        });
    const later = async (during: Call) => releasesAfter(latest, await releasesOf(deploymentId, during));

    async function reasonOf(during: Call) {
      if ((await later(during)).length > 0) return undefined;
      if (!applicationId || !(await applications.isGone(applicationId, during))) return undefined;
      return goneApplication;
    }

    return step(call, 'release', {
      async make(during) {
        const path = ['deployments', deploymentId, 'deploy'];
        const answer = await sendChange(
          (sending) => http.request({ method: 'POST', path, answer: Deployed }, sending),
          reasonOf,
          during,
        );
        if (answer?.deploymentId === deploymentId) return answer.id;
        for (let attempt = 1; ; attempt += 1) {
          // Ours is the last: none can begin while it runs.
          const release = (await later(during)).at(-1);
          if (release) return release.id;
          if (attempt === looks.attempts) break;
          await clock.sleep(looks.wait, during.signal);
        }
        throw new Fault('unexpected', 'the upstream took the deploy, and shows no release of it');
      },
      async find(during) {
        const [release, ...more] = await later(during);
        if (more.length > 0) {
          throw new Fault('outcome_unknown', 'any of several new releases may be the one that was started');
        }
        return release?.id;
      },
      assumed: 'new-release',
    });
  };
}

interface Latest {
  readonly id: string;
  readonly createdAt: string | null;
}

/** Those that came after it. The upstream may have forgotten it since: then the times tell. */
export function releasesAfter(latest: Latest | null, releases: readonly WireRelease[]): WireRelease[] {
  if (!latest) return [...releases];
  const at = releases.findIndex(({ id }) => id === latest.id);
  if (at >= 0) return releases.slice(at + 1);
  const end = Date.parse(latest.createdAt ?? '');
  return releases.filter(({ createdAt }) => !(Date.parse(createdAt ?? '') <= end));
}
