import type { AnyRecord, Key, Kind, RecordOf } from '@fleetgate/model';

/** The kind and key of an object that a record refers to; null: it refers to none. */
export type Reference = readonly [Kind, Key | null];

const byKind: { [K in Kind]: Record<string, (record: RecordOf<K>) => readonly Reference[]> } = {
  project: {},
  cluster: { project_key: ({ project_key }) => [['project', project_key]] },
  cluster_group: {
    cluster_keys: ({ cluster_keys }) => (cluster_keys ?? []).map((key) => ['cluster', key]),
  },
  deployment: {
    project_key: ({ project_key }) => [['project', project_key]],
    'target.key': ({ target }) => (target ? [[target.kind, target.key]] : []),
    'latest_release.key': ({ latest_release }) => (latest_release ? [['release', latest_release.key]] : []),
  },
  release: { deployment_key: ({ deployment_key }) => [['deployment', deployment_key]] },
};

/** Every way in which records of this kind refer to others: by which field, and how it is read. */
export function referencesOf(
  kind: Kind,
): [field: string, read: (record: AnyRecord) => readonly Reference[]][] {
  return Object.entries(byKind[kind]) as [string, (record: AnyRecord) => readonly Reference[]][];
}
