import { Fault } from '@fleetgate/model';
import { labelsOf } from '@fleetgate/provider-kit';

/** What Palette writes as the value of a tag that has none. */
const bareTag = 'spectro__tag';
/**
 * Annotation with the stamp of the write that made an object. Palette keeps annotations that are not its own: its vendor's
 * tools have theirs among them.
 */
const stampName = 'fleetgate-write';
const descriptionName = 'description';

interface Told {
  readonly name?: unknown;
  readonly labels?: Readonly<Record<string, unknown>> | null | undefined;
  readonly annotations?: Readonly<Record<string, unknown>> | null | undefined;
}

export function labelsOfMetadata({ labels }: Pick<Told, 'labels'>): Record<string, string> {
  const entries = Object.entries(labelsOf(labels));
  return Object.fromEntries(entries.map(([name, value]) => [name, value === bareTag ? '' : value]));
}

/** An object without a name is known by its uid. */
export function nameOf(metadata: { uid: string; name?: unknown }): string {
  const { name, uid } = metadata;
  return typeof name === 'string' && name.trim() !== '' ? name : uid;
}

/** The vendor's present tools write the annotation, and older ones the tag; a tag of that name is no label of its own. */
export function describedBy(metadata: Told): { description: string | null; labels: Record<string, string> } {
  const { [descriptionName]: tag, ...labels } = labelsOfMetadata(metadata);
  const annotation = metadata.annotations?.[descriptionName];
  const description = typeof annotation === 'string' && annotation !== '' ? annotation : tag;
  return { description: description || null, labels };
}

export function stampOf({ annotations }: Told): string | undefined {
  const stamp = annotations?.[stampName];
  return typeof stamp === 'string' ? stamp : undefined;
}

/** What callers say of an object, as a whole or as a merge patch. */
export interface Given {
  readonly name?: string | undefined;
  readonly description?: string | null | undefined;
  readonly labels?: Readonly<Record<string, string | null>> | null | undefined;
}

/** The metadata of a new object, as Palette takes it. */
export function newMetadata(given: Given, stamp: string): Metadata {
  return changedMetadata({ annotations: { [stampName]: stamp } }, given);
}

export interface Metadata {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** Known metadata with a merge patch laid over it. All of it goes back, because Palette drops annotations that are left out. */
export function changedMetadata(known: Told, { name, description, labels }: Given): Metadata {
  const tags = labelsOf(known.labels);
  const annotations = labelsOf(known.annotations);
  if (description !== undefined) {
    // Empty and not left out: were annotations merged, one that is left out would stay.
    if (description || annotations[descriptionName] !== undefined) {
      annotations[descriptionName] = description ?? '';
    }
    delete tags[descriptionName];
  }
  return {
    name: name ?? String(known.name ?? ''),
    labels: labels === undefined ? tags : mergedTags(tags, labels),
    annotations,
  };
}

/** The same, without the tags and the description that are not named. */
export function replacedMetadata(known: Told, { name, description, labels }: Given): Metadata {
  return changedMetadata(
    { ...known, labels: {} },
    { name, description: description ?? null, labels: labels ?? {} },
  );
}

function mergedTags(tags: Readonly<Record<string, string>>, patch: NonNullable<Given['labels']> | null) {
  const { [descriptionName]: described, ...others } = tags;
  const kept: Record<string, string> = described === undefined ? {} : { [descriptionName]: described };
  const merged: Record<string, string> = patch === null ? kept : { ...others, ...kept };
  for (const [name, value] of Object.entries(patch ?? {})) {
    if (name === descriptionName) {
      const field = `labels.${descriptionName}`;
      throw new Fault('invalid', 'Palette takes a tag of this name for the description', { field });
    }
    if (value === null) delete merged[name];
    else merged[name] = value === '' ? bareTag : value;
  }
  return merged;
}
