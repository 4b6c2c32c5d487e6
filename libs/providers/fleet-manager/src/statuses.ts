import type { ClusterStatus, RolloutStatus } from '@fleetgate/model';
import { wordOf } from '@fleetgate/provider-kit';

/** Words of deployments and releases; upstream writes them with a capital, and now and then without. */
const rollout: Record<string, RolloutStatus> = {
  created: 'queued',
  pending: 'queued',
  running: 'running',
  success: 'success',
  done: 'success',
  failed: 'failed',
  error: 'failed',
  cancelled: 'cancelled',
  canceled: 'cancelled',
};

export function rolloutStatus(word: string | null | undefined): RolloutStatus {
  return wordOf(rollout, word?.toLowerCase());
}

/** Health of a cluster that is online. */
const health: Record<string, ClusterStatus> = {
  healthy: 'healthy',
  info: 'healthy',
  notice: 'healthy',
  warning: 'degraded',
  critical: 'degraded',
  connecting: 'degraded',
  disconnected: 'unreachable',
};

/** Both words together: one that is offline is unreachable, whatever its last known health. */
export function clusterStatus(
  online: string | null | undefined,
  healthState: string | null | undefined,
): ClusterStatus {
  if (online === 'offline') return 'unreachable';
  if (online === 'online' && (healthState === null || healthState === undefined)) return 'healthy';
  if (online !== 'online' && online !== null && online !== undefined) return 'unknown';
  return wordOf(health, healthState);
}
