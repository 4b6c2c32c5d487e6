import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import { Instant, type Kind, recordSchemas, statuses } from '@fleetgate/model';
import { type Facet, facetOf } from '@fleetgate/provider-spec';
import { pause } from '../claims.ts';
import type { ConformanceTest } from '../options.ts';
import { holdsSecret, secretName, secretsOf } from '../secrets.ts';
import { idleHost, type Suite } from '../suite.ts';
import { keysOf, sample, walkAll } from '../walks.ts';

const group = 'shape';
const facetNames: readonly string[] = Object.values(facetOf);

export function shapeTests(suite: Suite): ConformanceTest[] {
  const definition = (name: string, check: () => void): ConformanceTest => ({
    group,
    name,
    run: async () => check(),
  });
  return [
    definition('the id is a lower-case word and the title is for people', () => {
      assert.match(suite.id, /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/);
      assert.ok(suite.title.trim() !== '' && suite.title === suite.title.trim());
    }),
    definition('the example is valid settings', () => {
      const parsed = suite.parse(suite.example);
      assert.ok(parsed.success, `the example is refused: ${parsed.error?.message}`);
    }),
    definition('connecting with the example tells what is supported', () => {
      const provider = suite.connectExample(idleHost);
      assert.equal(typeof provider.account?.identify, 'function', 'account.identify is missing');
      const unknown = Object.keys(provider).filter(
        (name) => name !== 'account' && name !== 'native' && !facetNames.includes(name),
      );
      assert.deepEqual(unknown, [], 'names that are no facet');
    }),
    definition('every facet has list and get', () => {
      const provider = suite.connectExample(idleHost);
      for (const kind of suite.kinds) {
        const facet = provider[facetOf[kind]] as Partial<Facet<unknown>>;
        assert.equal(typeof facet.list, 'function', `${facetOf[kind]}.list`);
        assert.equal(typeof facet.get, 'function', `${facetOf[kind]}.get`);
      }
    }),
    suite.test(group, 'connecting asks the upstream nothing', async (subject) => {
      subject.connect();
      await pause(50);
      assert.equal(subject.sent(), 0, 'requests that the provider sent');
      assert.deepEqual(subject.upstream.control.requests(), []);
    }),
    suite.test(group, 'account.identify answers a name or null', async (subject) => {
      const account = await subject.provider.account.identify({}, subject.call());
      assert.deepEqual(Object.keys(account), ['name']);
      assert.ok(account.name === null || (typeof account.name === 'string' && account.name !== ''));
    }),
    ...suite.kinds.flatMap((kind) => recordTests(suite, kind)),
  ];
}

function recordTests(suite: Suite, kind: Kind): ConformanceTest[] {
  const facet = facetOf[kind];
  const onRecords = (
    name: string,
    check: (records: readonly Record<string, unknown>[]) => void,
  ): ConformanceTest =>
    suite.test(group, `${facet}: ${name}`, async (subject) => {
      const { records } = await walkAll(subject, subject.facet(kind));
      assert.ok(records.length > 0, `${facet} lists nothing`);
      check(records);
    });

  return [
    onRecords('records are what the model says, and nothing else', (records) => {
      for (const record of records) {
        const parsed = recordSchemas[kind].safeParse(record);
        assert.ok(parsed.success, `${JSON.stringify(record.key)}: ${parsed.error?.message}`);
        assert.deepEqual(record, parsed.data);
      }
    }),
    onRecords('records are plain JSON', (records) => {
      assert.deepEqual(JSON.parse(JSON.stringify(records)), records);
    }),
    onRecords('names are not empty', (records) => {
      for (const { name, key } of records) {
        assert.ok(typeof name === 'string' && name.trim() !== '', `the name of ${JSON.stringify(key)}`);
      }
    }),
    onRecords('times are RFC 3339 in UTC with milliseconds, and no zero time', (records) => {
      for (const record of records) {
        for (const [field, value] of Object.entries(record)) {
          if (!field.endsWith('_at') || value === null) continue;
          const time = Instant.safeParse(value);
          const real = time.success && !Number.isNaN(Date.parse(time.data)) && !time.data.startsWith('0001-');
          assert.ok(real, `${field} of ${JSON.stringify(record.key)}: ${JSON.stringify(value)}`);
        }
      }
    }),
    ...(statuses[kind].length === 0
      ? []
      : [
          onRecords('statuses are words of the model', (records) => {
            const words: readonly unknown[] = statuses[kind];
            for (const { status, key } of records) {
              assert.ok(words.includes(status), `the status of ${JSON.stringify(key)}: ${String(status)}`);
            }
          }),
        ]),
    suite.test(group, `${facet}: keys are unique`, async (subject) => {
      const keys = keysOf((await walkAll(subject, subject.facet(kind))).records);
      assert.equal(new Set(keys).size, keys.length, 'unique keys of all');
    }),
    suite.test(group, `${facet}: get answers the record that list had`, async (subject) => {
      const { records } = await walkAll(subject, subject.facet(kind));
      for (const record of sample(records, 10)) {
        const got = await subject.facet(kind).get({ key: record.key }, subject.call());
        assert.deepEqual(got, record);
      }
    }),
    suite.test(group, `${facet}: an unchanged upstream is listed the same again`, async (subject) => {
      const first = await walkAll(subject, subject.facet(kind));
      const again = await walkAll(subject, subject.facet(kind, subject.connect()));
      assert.deepEqual(again.records, first.records);
    }),
    suite.test(group, `${facet}: native is there and shows no secret`, async (subject) => {
      const { records } = await walkAll(subject, subject.facet(kind));
      const secrets = secretsOf(suite, subject);
      for (const record of records) {
        assert.ok(Object.keys(record.native).length > 0, 'native is empty');
        assert.ok(!holdsSecret(JSON.stringify(record), secrets), 'a record holds a credential');
        assert.deepEqual(shownSecrets(record.native), [], 'native shows what looks like a secret');
      }
    }),
    suite.test(group, `${facet}: a secret within an object of the upstream is not shown`, async (subject) => {
      const planted = 'planted-5f1c0e7d';
      const { records } = await walkAll(subject, subject.facet(kind));
      const [first] = records;
      assert.ok(first, `${facet} lists nothing`);
      subject.objects.touch(kind, first.key, {
        password: planted,
        apiToken: planted,
        extra: { clientSecret: planted, list: [{ access_token: planted }] },
      });
      const listed = (await walkAll(subject, subject.facet(kind))).records;
      const got = await subject.facet(kind).get({ key: first.key }, subject.call());
      assert.ok(!JSON.stringify(listed).includes(planted), 'list shows it');
      assert.ok(!JSON.stringify(got).includes(planted), 'get shows it');
      const same = listed.find((record) => isDeepStrictEqual(record.key, first.key));
      assert.deepEqual(got, same);
    }),
  ];
}

/** Paths of values under a secret's name that are neither empty, nor a yes or no, nor redacted. */
function shownSecrets(value: unknown, path = 'native'): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => {
    const here = `${path}.${name}`;
    const shown =
      typeof inner === 'string' && inner !== '' && !/^(\[?(redacted|secret)\]?|\*+)$/i.test(inner);
    return secretName.test(name) && shown ? [here] : shownSecrets(inner, here);
  });
}
