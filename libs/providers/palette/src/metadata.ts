import { labelsOf } from '@fleetgate/provider-kit';

/** What Palette writes as the value of a tag that has none. */
const bareTag = 'spectro__tag';

export function labelsOfMetadata({
  labels,
}: {
  labels?: Readonly<Record<string, unknown>> | null | undefined;
}): Record<string, string> {
  const entries = Object.entries(labelsOf(labels));
  return Object.fromEntries(entries.map(([name, value]) => [name, value === bareTag ? '' : value]));
}

/** An object without a name is known by its uid. */
export function nameOf(metadata: { uid: string; name?: unknown }): string {
  const { name, uid } = metadata;
  return typeof name === 'string' && name.trim() !== '' ? name : uid;
}
