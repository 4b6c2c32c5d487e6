import assert from 'node:assert/strict';
import { type AnyRecord, type Key, type Kind, keyText, recordSchemas } from '@fleetgate/model';
import { type Account, type Call, facetOf } from '@fleetgate/provider-spec';
import { assertCode, faultOf } from '../claims.ts';
import type { Reading } from '../live.ts';
import type { ConformanceTest } from '../options.ts';
import { referencesOf } from '../references.ts';
import { holdsSecret } from '../secrets.ts';
import { keysOf, sample } from '../walks.ts';

/** objects that are read one by one */
const sampled = 5;
/** pages of the walk by two */
const shortPages = 3;

interface LiveFacet {
  readonly kind: Kind;
  readonly readings: ReadonlyMap<Kind, Reading>;
  readonly call: () => Call;
  readonly secrets: readonly string[];
  /** where words of a status that are not known are noted, by facet */
  readonly words: Map<string, Set<string>>;
}

export function accountTests(identify: () => Promise<Account>): ConformanceTest[] {
  return [
    {
      group: 'account',
      name: 'the upstream takes the credentials',
      run: async () => {
        const { name } = await identify();
        assert.ok(
          name === null || (typeof name === 'string' && name !== ''),
          'account.name is a text or null',
        );
      },
    },
  ];
}

/** What holds while others go on changing the upstream: an object that went between two reads is no failure. */
export function facetTests({ kind, readings, call, secrets, words }: LiveFacet): ConformanceTest[] {
  const group = facetOf[kind];
  const reading = readings.get(kind) as Reading;
  const get = (key: Key, of: Reading = reading) => of.facet.get({ key }, call());
  const test = (name: string, run: (records: readonly AnyRecord[]) => Promise<void>): ConformanceTest => ({
    group,
    name,
    run: async () => run(await reading.records()),
  });
  const assertRecord = (record: AnyRecord) => {
    const parsed = recordSchemas[kind].safeParse(record);
    assert.ok(parsed.success, `${JSON.stringify(record.key)}: ${parsed.error?.message}`);
  };

  return [
    test('list is walked', async () => undefined),
    test('records are what the model says, and nothing else', async (records) => {
      for (const record of records) {
        assertRecord(record);
        assert.ok(record.name.trim() !== '', `the name of ${JSON.stringify(record.key)}`);
        if (!('status' in record) || record.status !== 'unknown' || record.native_status === null) continue;
        words.set(group, (words.get(group) ?? new Set()).add(record.native_status));
      }
    }),
    test('keys are unique', async (records) => {
      assert.equal(new Set(keysOf(records)).size, records.length, 'unique keys of all');
    }),
    test('no record shows a credential', async (records) => {
      for (const record of records) {
        assert.ok(!holdsSecret(JSON.stringify(record), secrets), `${JSON.stringify(record.key)} holds one`);
      }
    }),
    test('get finds what is listed', async (records) => {
      for (const { key } of sample(records, sampled)) {
        const found = await unlessGone(get(key));
        if (found === undefined) continue;
        assert.deepEqual(found.key, key);
        assertRecord(found);
      }
    }),
    test('get of an unknown key is not_found', async (records) => {
      const [first] = records;
      const key = first ? [...first.key.slice(0, -1), 'no-such-object'] : ['no-such-object'];
      assertCode(await faultOf(get(key as unknown as Key)), 'not_found');
    }),
    test('a foreign cursor is invalid', async () => {
      const fault = await faultOf(reading.facet.list({ cursor: 'garbage' }, call()));
      assertCode(fault, 'invalid');
      assert.equal(fault.field, 'cursor');
    }),
    test('pages of two hold no object twice', async () => {
      const keys: string[] = [];
      let cursor: string | undefined;
      for (let pages = 0; pages < shortPages; pages += 1) {
        const page = await reading.facet.list(
          { limit: 2, ...(cursor === undefined ? {} : { cursor }) },
          call(),
        );
        if (page.shifted) return; // it owns up to it
        keys.push(...keysOf(page.items));
        cursor = page.next;
        if (cursor === undefined) break;
      }
      assert.equal(new Set(keys).size, keys.length, keys.join(', '));
    }),
    ...referencesOf(kind).map(([field, read]) =>
      test(`${field} leads to something`, async (records) => {
        const references = records.flatMap(read).filter(([, key]) => key !== null);
        for (const [target, key] of sample(references, sampled)) {
          const other = readings.get(target);
          assert.ok(other, `it is a key of ${target}, which is not offered`);
          if (keysOf(await other.records()).includes(keyText(key as Key))) continue;
          // What is far down a long list, or was made meanwhile, is still there for who asks for it.
          await get(key as Key, other);
        }
      }),
    ),
  ];
}

function unlessGone(work: Promise<AnyRecord>): Promise<AnyRecord | undefined> {
  return work.catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'not_found') return undefined;
    throw error;
  });
}
