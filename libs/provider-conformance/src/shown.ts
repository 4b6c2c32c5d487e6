import assert from 'node:assert/strict';
import type { AnyRecord } from '@fleetgate/model';
import type { WriteInput } from './samples.ts';

/** Fails unless the record shows every unified field that the input names; `unshown` ones are the upstream's to keep to itself. */
export function assertShown(
  record: AnyRecord,
  { value = {}, projectKey }: WriteInput,
  unshown: readonly string[] = [],
): void {
  const shown = record as AnyRecord & Record<string, unknown>;
  for (const [field, wanted] of Object.entries(value)) {
    if (unshown.includes(field) || field === 'spec') continue;
    const check = checks[field];
    if (check) check(shown, wanted);
    else assert.deepEqual(emptyAsNull(shown[field]), emptyAsNull(wanted), `${field} of the record`);
  }
  if (projectKey && !unshown.includes('project_id') && shown.project_key !== null) {
    assert.deepEqual(shown.project_key, projectKey, 'project_key of the record');
  }
}

type Shown = AnyRecord & Record<string, unknown>;

const checks: Record<string, (shown: Shown, wanted: unknown) => void> = {
  labels(shown, wanted) {
    for (const [name, label] of Object.entries((wanted ?? {}) as Record<string, string | null>)) {
      assert.equal(shown.labels[name] ?? null, label, `label ${name} of the record`);
    }
  },
  target({ target }, wanted) {
    const { kind, key } = wanted as { kind: string; key: unknown };
    const { kind: shownKind, key: shownKey } = (target ?? {}) as { kind?: string; key?: unknown };
    assert.deepEqual({ kind: shownKind, key: shownKey }, { kind, key }, 'target of the record');
  },
  team({ team }, wanted) {
    assert.equal((team as { id?: string } | null)?.id ?? null, wanted, 'team of the record');
  },
  disabled({ status }, wanted) {
    assert.equal(status === 'disabled', wanted, `disabled of the record, its status being ${String(status)}`);
  },
};

function emptyAsNull(value: unknown): unknown {
  return value === '' || value === undefined ? null : value;
}
