import { type AnyRecord, type Key, type Kind, keyText, kinds } from '@fleetgate/model';
import { facetOf } from '@fleetgate/provider-spec';
import { referencesOf } from './references.ts';
import type { Subject } from './subject.ts';
import { walkAll } from './walks.ts';

/** Takes one object away; what exists only because others name it goes with those. */
export async function removeObject(subject: Subject, kind: Kind, key: Key): Promise<void> {
  const { objects, provider } = subject;
  if (objects.remove(kind, key)) return;
  let removed = 0;
  for (const other of kinds.filter((one) => one !== kind && provider[facetOf[one]])) {
    const { records } = await walkAll(subject, subject.facet(other));
    for (const record of records.filter((one) => refersTo(other, one, kind, key))) {
      if (objects.remove(other, record.key)) removed += 1;
    }
  }
  if (removed > 0) return;
  throw new Error(
    `the control finds no ${kind} ${objects.nameOf(kind, key)}: see kinds.${kind} of the options`,
  );
}

function refersTo(from: Kind, record: AnyRecord, kind: Kind, key: Key): boolean {
  return referencesOf(from).some(([, read]) =>
    read(record).some(([target, other]) => target === kind && other && keyText(other) === keyText(key)),
  );
}
