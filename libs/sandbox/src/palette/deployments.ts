import { inSeedYear } from '../core/clock.ts';
import type { BuildContext } from '../core/population.ts';
import { hashAt } from '../core/random.ts';
import {
  type AppDeployment,
  type AppProfile,
  appForm,
  type ClusterRef,
  type DeploymentPlace,
} from './app-form.ts';

/** Also the names of the app profiles; their uids are sealed numbers below that many. */
export const apps = [
  'storefront',
  'payments',
  'search',
  'checkout',
  'inventory',
  'reports',
  'mailer',
  'gateway',
];
const pauseWords = ['Pausing', 'Paused', 'Resuming', 'Paused'];
const second = 1000;
const minute = 60 * second;
const orderedWork = 2 * minute;

/** An app deployment that was made at run time. */
export interface DeploymentOrder {
  name: string;
  labels: Record<string, string>;
  annotations: Record<string, string>;
  projectUid: string;
  cluster: ClusterRef;
  profile: AppProfile;
}

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
  const tiers = random.between(1, 3);
  const draw = random.between(0, 0x7fff_ffff);
  const age = addedAt === null ? now + shift : now - addedAt;
  const turn = Math.floor(age / period);
  const paused = index % 10 === 7 ? (pauseWords[Math.floor(index / 10) % 4] ?? 'Paused') : undefined;
  return appForm(
    place,
    {
      app,
      name: `${app}-${index}`,
      labels: { app },
      created,
      profile: { uid: place.profileUid, name: app, version: `1.${turn % 50}.0` },
      tiers,
      rollout: {
        started: now - (age % period),
        working,
        word: index % 2 === 1 && (addedAt === null || turn > 0) ? 'Updating' : 'Deploying',
        fails: hashAt(draw, turn) % 8 === 0,
      },
      ...(paused === undefined ? {} : { lifecycle: paused }),
    },
    now,
  );
}

/** One that was ordered: two minutes of work, and no failure. */
export function buildOrderedDeployment(
  order: DeploymentOrder,
  uid: string,
  { now, addedAt }: BuildContext,
): AppDeployment {
  const created = addedAt ?? now;
  const { name, labels, annotations, projectUid, cluster, profile } = order;
  return appForm(
    { uid, projectUid, cluster, profileUid: profile.uid },
    {
      app: profile.name,
      name,
      labels,
      annotations,
      created,
      profile,
      tiers: 2,
      rollout: { started: created, working: orderedWork, word: 'Deploying', fails: false },
    },
    now,
  );
}

/** The same app since it was given another profile, at that time (ms). */
export function withProfile(
  deployment: AppDeployment,
  { profile, at }: { profile: AppProfile; at: number },
  now: number,
): AppDeployment {
  const { metadata, spec } = deployment;
  return appForm(
    {
      uid: metadata.uid,
      projectUid: metadata.annotations['projectUid'] ?? '',
      cluster: spec.config.target.clusterRef,
      profileUid: profile.uid,
    },
    {
      app: profile.name,
      name: metadata.name,
      labels: metadata.labels,
      annotations: metadata.annotations,
      created: Date.parse(metadata.creationTimestamp),
      profile,
      tiers: 2,
      rollout: { started: at, working: orderedWork, word: 'Updating', fails: false },
    },
    now,
  );
}
