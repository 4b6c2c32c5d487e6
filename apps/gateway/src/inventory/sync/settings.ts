/** The injection token of `SyncSettings`. */
export const SYNC_SETTINGS = Symbol('sync settings');

export interface SyncSettings {
  /** how long a process that died keeps others from going on, in milliseconds */
  readonly leaseMs: number;
  /** items per page that upstreams are asked for */
  readonly pageSize: number;
  /** rows that are written in one transaction */
  readonly batchSize: number;
  /** days for which events are kept, and what became of their deliveries */
  readonly eventsKeepDays: number;
}

export const defaultSyncSettings: SyncSettings = {
  leaseMs: 15_000,
  pageSize: 200,
  batchSize: 200,
  eventsKeepDays: 7,
};
