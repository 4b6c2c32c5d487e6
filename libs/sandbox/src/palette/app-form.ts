import { isoTime } from '../core/clock.ts';
import { type Metadata, zeroTime } from './clusters.ts';

/** GET /v1/appDeployments/{uid}; the dashboard's row is made of it. */
export interface AppDeployment {
  metadata: Metadata;
  spec: {
    config: { target: { clusterRef: ClusterRef; envRef: { type: string; name: string; uid: string } } };
    profile: { metadata: AppProfile; template: Record<string, unknown> };
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

const tierNames = ['database', 'backend', 'frontend'];
/** ms */
const pendingFor = 20_000;

/** One rollout of an app: Pending for 20 s, then at work, then Deployed; a failed one keeps its word, and its last tier says Error. */
export interface Rollout {
  /** ms */
  started: number;
  working: number;
  word: 'Deploying' | 'Updating';
  fails: boolean;
}

export interface AppForm {
  app: string;
  name: string;
  labels: Record<string, string>;
  annotations?: Record<string, string>;
  /** ms */
  created: number;
  profile: AppProfile;
  tiers: number;
  rollout: Rollout;
  /** Of a seeded app: shown while it is Deployed. */
  lifecycle?: string;
}

export interface AppProfile {
  uid: string;
  name: string;
  version: string;
}

export function appForm(place: DeploymentPlace, form: AppForm, now: number): AppDeployment {
  const { app, name, labels, annotations, created, profile, rollout, lifecycle } = form;
  const { started, working, word, fails } = rollout;
  const elapsed = now - started;
  const pending = elapsed < pendingFor;
  const done = elapsed >= pendingFor + working;
  const state = pending ? 'Pending' : done && !fails ? 'Deployed' : word;
  const finished = started + pendingFor + working;
  const changed = done ? finished : pending ? started : started + pendingFor;
  const tiers = tierNames.slice(0, form.tiers).map((tier, at) => {
    const broken = done && fails && at === form.tiers - 1;
    const ready = done && !broken;
    return {
      name: `${app}-${tier}`,
      type: 'helm',
      version: profile.version,
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
  return {
    metadata: {
      name,
      uid: place.uid,
      labels,
      annotations: { ...annotations, scope: 'project', projectUid: place.projectUid },
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
        metadata: profile,
        template: { appTiers: tiers.map((tier) => ({ name: tier.name, type: tier.type })) },
      },
    },
    status: {
      state,
      appTiers: pending ? [] : tiers,
      ...(lifecycle !== undefined && state === 'Deployed'
        ? { lifecycleStatus: { status: lifecycle, msg: '' } }
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
