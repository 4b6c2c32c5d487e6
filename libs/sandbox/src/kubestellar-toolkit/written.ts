import { isoTime } from '../core/clock.ts';
import { mergeDeep } from '../core/population.ts';
import type { Desired } from './bodies.ts';
import type { ClusterDeploymentStatus } from './wire.ts';

const second = 1000;

/** An object as a client has last written it. */
export interface WrittenObject {
  readonly desired: Desired;
  /** ms since the Unix epoch, virtual; so is `writtenAt`, when its present rollout began */
  readonly createdAt: number;
  readonly writtenAt: number;
  /** counts what was written over it, by clients and by the control */
  readonly writes: number;
  /** what the control has laid over it */
  readonly touched: Record<string, unknown>;
}

/** Pending for 20 s, Deploying for 2 minutes, then Running: what a client asks for ends well. */
export function shownAt(now: number, written: WrittenObject): ClusterDeploymentStatus {
  const { desired, createdAt, writtenAt, writes, touched } = written;
  const { name, namespace, cluster, application, version, labels, replicas } = desired;
  const elapsed = now - writtenAt;
  const phase = elapsed < 20 * second ? 'Pending' : elapsed < 140 * second ? 'Deploying' : 'Running';
  const changed = writtenAt + (phase === 'Pending' ? 0 : phase === 'Deploying' ? 20 : 140) * second;
  const object: ClusterDeploymentStatus = {
    name,
    ...(namespace === undefined ? {} : { namespace }),
    cluster,
    ...(application === undefined ? {} : { application }),
    ...(version === undefined ? {} : { version }),
    phase,
    replicas: {
      desired: replicas,
      ready: phase === 'Running' ? replicas : phase === 'Pending' ? 0 : Math.max(0, replicas - 1),
    },
    labels: { ...labels },
    resourceVersion: versionOf(changed, writes),
    createdAt: isoTime(createdAt),
    updatedAt: isoTime(changed),
    ...(phase === 'Running' ? { completedAt: isoTime(changed) } : {}),
  };
  return mergeDeep(
    object as unknown as Record<string, unknown>,
    touched,
  ) as unknown as ClusterDeploymentStatus;
}

/** Another one after every change, by time or by hand. */
export function versionOf(changedAt: number, writes: number): string {
  return `${Math.floor(changedAt / second)}${String(writes).padStart(3, '0')}`;
}
