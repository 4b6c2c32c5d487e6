import assert from 'node:assert/strict';
import { type Kind, kinds } from '@fleetgate/model';
import { walk } from '@fleetgate/provider-runtime';
import { type Facet, facetOf } from '@fleetgate/provider-spec';
import { assertCode, faultOf } from '../claims.ts';
import type { ConformanceTest } from '../options.ts';
import { removeObject } from '../removal.ts';
import type { Subject } from '../subject.ts';
import type { Suite } from '../suite.ts';
import { keysOf, walkAll } from '../walks.ts';

const group = 'paging';
/** pages of one walk before the suite takes it for endless */
const pageBound = 100;

export function pagingTests(suite: Suite): ConformanceTest[] {
  return suite.kinds.flatMap((kind) => {
    const facet = facetOf[kind];
    return [
      ...[1, 2, 3, undefined].map((limit) =>
        suite.test(group, `${facet}: a walk ${walkName(limit)} sees every object once`, async (subject) => {
          const { records } = await walkAll(subject, subject.facet(kind), limit);
          const keys = keysOf(records);
          assert.equal(new Set(keys).size, keys.length, 'a key came twice');
          assert.equal(keys.length, subject.objects.size(kind), 'objects seen, and there');
          const all = keysOf((await walkAll(subject, subject.facet(kind))).records);
          assert.deepEqual(keys.toSorted(), all.toSorted());
        }),
      ),
      suite.test(group, `${facet}: a huge limit is taken as far as the upstream allows`, async (subject) => {
        const { records } = await walkAll(subject, subject.facet(kind), 100_000);
        assert.equal(records.length, subject.objects.size(kind));
      }),
      suite.test(group, `${facet}: an empty upstream is an empty, finished walk`, async (subject) => {
        await removeEverything(suite, subject);
        const { records, shifted } = await walkAll(subject, subject.facet(kind));
        assert.deepEqual({ records, shifted }, { records: [], shifted: false });
      }),
      suite.test(group, `${facet}: objects added during a walk do not break it`, async (subject) => {
        const before = keysOf((await walkAll(subject, subject.facet(kind))).records);
        const walked = await walkAll(subject, subject.facet(kind), 2, async (page) => {
          if (page <= 2) subject.objects.add(kind, 2);
        });
        assertAllSeen(before, keysOf(walked.records), walked.shifted);
        const after = await walkAll(subject, subject.facet(kind));
        assert.equal(after.records.length, subject.objects.size(kind));
      }),
      suite.test(group, `${facet}: a row that slips through a walk is owned up to`, async (subject) => {
        const before = keysOf((await walkAll(subject, subject.facet(kind))).records);
        subject.upstream.control.inject({ fault: { kind: 'page_drift' } });
        const walked = await walkAll(subject, subject.facet(kind), 2);
        assertAllSeen(before, keysOf(walked.records), walked.shifted);
      }),
      suite.test(group, `${facet}: a foreign cursor is invalid`, async (subject) => {
        for (const cursor of await foreignCursors(suite, subject, kind)) {
          const fault = await faultOf(subject.facet(kind).list({ cursor }, subject.call()));
          assertCode(fault, 'invalid');
          assert.equal(fault.field, 'cursor', `the field named for the cursor ${cursor}`);
        }
      }),
      ...[2, undefined].map((limit) =>
        suite.test(
          group,
          `${facet}: an upstream that repeats itself ends a walk ${walkName(limit)} as unexpected`,
          async (subject) => {
            const all = keysOf((await walkAll(subject, subject.facet(kind))).records);
            subject.upstream.control.inject({ fault: { kind: 'standing_cursor' } });
            const seen = new Set<string>();
            const walking = (async () => {
              const list = boundedList(subject.facet(kind), facet);
              for await (const { page } of walk(list, subject.call(), limit ? { limit } : {})) {
                for (const key of keysOf(page.items)) seen.add(key);
              }
            })();
            const ended = await walking.then(
              () => true,
              () => false, // looked at below
            );
            // A list that the upstream gives whole has no cursor that could stand still.
            if (ended) assert.deepEqual([...seen].sort(), all.toSorted(), 'the walk ended early');
            else assertCode(await faultOf(walking), 'unexpected');
          },
        ),
      ),
    ];
  });
}

function walkName(limit: number | undefined): string {
  return limit === undefined ? 'without a limit' : `by ${limit}`;
}

function assertAllSeen(expected: readonly string[], seen: readonly string[], shifted: boolean): void {
  const missed = expected.filter((key) => !seen.includes(key));
  assert.ok(missed.length === 0 || shifted, `not seen, and no page says shifted: ${missed.join(', ')}`);
}

function boundedList<T>(facet: Facet<T>, name: string): Facet<T>['list'] {
  let pages = 0;
  return (input, call) => {
    pages += 1;
    if (pages > pageBound) return Promise.reject(new Error(`${name} gave more than ${pageBound} pages`));
    return facet.list(input, call);
  };
}

/** Children first, as upstreams want it. What others name is gone with them, so a kind may be empty when its turn comes. */
async function removeEverything(suite: Suite, subject: Subject): Promise<void> {
  for (const kind of kinds.toReversed().filter((one) => suite.kinds.includes(one))) {
    for (const { key } of (await walkAll(subject, subject.facet(kind))).records) {
      await removeObject(subject, kind, key);
    }
  }
  const left = suite.kinds.filter((kind) => subject.objects.size(kind) > 0);
  assert.deepEqual(left, [], 'kinds that could not be emptied');
}

async function foreignCursors(suite: Suite, subject: Subject, kind: Kind): Promise<string[]> {
  const state = { offset: 2, total: 9, page: 2, continue: 'x', shifted: false };
  const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const cursors = [
    'garbage',
    '',
    '2',
    '%00',
    'null',
    encoded(null),
    encoded(state),
    encoded(['another-provider/list', state]),
  ];
  for (const other of suite.kinds) {
    const { next } = await subject.facet(other).list({ limit: 1 }, subject.call());
    if (next === undefined) continue;
    // Its own cursor is foreign as soon as a piece of it is missing.
    cursors.push(other === kind ? next.slice(0, Math.floor(next.length / 2)) : next);
  }
  return cursors;
}
