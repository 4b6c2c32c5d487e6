import { inSeedYear, isoTime } from '../core/clock.ts';
import type { BuildContext } from '../core/population.ts';
import { hashAt } from '../core/random.ts';
import { type Metadata, zeroTime } from './clusters.ts';

/** GET /v1/appDeployments/{uid}; the dashboard's row is made of it. */
export interface AppDeployment {
  metadata: Metadata;
  spec: {
    config: { target: { clusterRef: ClusterRef; envRef: { type: string; name: string; uid: string } } };
    profile: { metadata: { uid: string; name: string; version: string }; template: Record<string, unknown> };
  };
  status: {
    state: string;
    appTiers: Record<string, unknown>[];
    lifecycleStatus?: { status: string; msg: string };
  };
}

export interface ClusterRef {
  deploymentClusterType: 'virtual' | 'host';
  name: string;
  uid: string;
}

export interface DeploymentPlace {
  uid: string;
  projectUid: string;
  cluster: ClusterRef;
  profileUid: string;
}

const apps = ['storefront', 'payments', 'search', 'checkout', 'inventory', 'reports', 'mailer', 'gateway'];
const tierNames = ['database', 'backend', 'frontend'];
const pauseWords = ['Pausing', 'Paused', 'Resuming', 'Paused'];
const second = 1000;
const minute = 60 * second;

/**
 * Every 30 to 120 minutes a new version: Pending for 20 s, then Deploying (Updating for every second one) for 1 to 4 minutes, then
 * Deployed. One rollout in eight fails: the state word stays as it was, one tier's condition is of type Error.
 */
export function buildDeployment(index: number, place: DeploymentPlace, context: BuildContext): AppDeployment {
  const { random, now, addedAt } = context;
  const created = addedAt ?? inSeedYear(random.next());
  const period = random.between(30, 120) * minute;
  const shift = random.between(0, period - 1);
  const working = random.between(60, 240) * second;
  const app = random.pick(apps);
  const tierCount = random.between(1, 3);
  const draw = random.between(0, 0x7fff_ffff);
  const age = addedAt === null ? now + shift : now - addedAt;
  const rollout = Math.floor(age / period);
  const elapsed = age % period;
  const fails = hashAt(draw, rollout) % 8 === 0;
  const workWord = index % 2 === 1 && (addedAt === null || rollout > 0) ? 'Updating' : 'Deploying';
  const pending = elapsed < 20 * second;
  const done = elapsed >= 20 * second + working;
  const state = pending ? 'Pending' : done && !fails ? 'Deployed' : workWord;
  const started = now - elapsed;
  const finished = started + 20 * second + working;
  const changed = done ? finished : pending ? started : started + 20 * second;
  const name = `${app}-${index}`;
  const tiers = tierNames.slice(0, tierCount).map((tier, at) => {
    const broken = done && fails && at === tierCount - 1;
    const ready = done && !broken;
    return {
      name: `${app}-${tier}`,
      type: 'helm',
      version: `1.${rollout % 50}.0`,
      profileUid: place.profileUid,
      condition: {
        type: broken ? 'Error' : 'Ready',
        status: ready ? 'True' : 'False',
        reason: broken ? 'InstallFailed' : '',
        message: broken ? 'tier did not become ready in time' : '',
        lastProbeTime: zeroTime,
        lastTransitionTime: isoTime(changed),
      },
      startTime: isoTime(started),
      endTime: ready ? isoTime(finished) : zeroTime,
      manifests: [],
      services: [],
    };
  });
  const paused = index % 10 === 7 && state === 'Deployed';
  return {
    metadata: {
      name,
      uid: place.uid,
      labels: { app },
      annotations: { scope: 'project', projectUid: place.projectUid },
      creationTimestamp: isoTime(created),
      lastModifiedTimestamp: isoTime(Math.max(created, changed)),
      deletionTimestamp: zeroTime,
    },
    spec: {
      config: {
        target: {
          clusterRef: place.cluster,
          envRef: { type: 'nested', name: place.cluster.name, uid: place.cluster.uid },
        },
      },
      profile: {
        metadata: { uid: place.profileUid, name: app, version: `1.${rollout % 50}.0` },
        template: { appTiers: tiers.map((tier) => ({ name: tier.name, type: tier.type })) },
      },
    },
    status: {
      state,
      appTiers: pending ? [] : tiers,
      ...(paused
        ? { lifecycleStatus: { status: pauseWords[Math.floor(index / 10) % 4] ?? 'Paused', msg: '' } }
        : {}),
    },
  };
}

/** The dashboard's row: no tiers and no lifecycle, so a failed rollout cannot be told from a running one here. */
export function summaryForm(
  deployment: AppDeployment,
  clusterHealth: string | null,
): Record<string, unknown> {
  const { metadata, spec, status } = deployment;
  return {
    metadata,
    spec: { config: { target: { clusterRef: spec.config.target.clusterRef } }, profile: spec.profile },
    status: {
      state: status.state,
      cluster: { state: 'Running', ...(clusterHealth === null ? {} : { health: { state: clusterHealth } }) },
      notifications: { isAvailable: false },
    },
  };
}
