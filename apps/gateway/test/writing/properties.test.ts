import { decodeId, encodeId, type Key, kinds } from '@fleetgate/model';
import fc from 'fast-check';
import { uuidv7 } from '../../src/http/request-id.ts';
import { stampOf } from '../../src/operations/operation.ts';
import { type Stack, startStack } from '../e2e/stack.ts';

const slug = fc.stringMatching(/^[a-z0-9](?:[a-z0-9-]{0,20}[a-z0-9])?$/);
const key = fc.array(fc.string({ minLength: 1, maxLength: 40, unit: 'grapheme' }), {
  minLength: 1,
  maxLength: 4,
});

describe('an id', () => {
  it('leads back to what it was made of, whatever the upstream calls its objects', () => {
    fc.assert(
      fc.property(fc.constantFrom(...kinds), slug, key, (kind, connection, parts) => {
        const id = encodeId(kind, connection, parts as Key);
        expect(id).toMatch(/^[a-z]+_[A-Za-z0-9_-]+$/);
        const wellFormed = parts.map((part) => part.toWellFormed());
        expect(decodeId(id)).toEqual({ kind, connection, key: wellFormed });
      }),
    );
  });

  it('is another one for another object', () => {
    fc.assert(
      fc.property(slug, key, key, (connection, one, two) => {
        fc.pre(JSON.stringify(one) !== JSON.stringify(two));
        expect(encodeId('cluster', connection, one as Key)).not.toBe(
          encodeId('cluster', connection, two as Key),
        );
      }),
    );
  });

  it('that nobody made leads nowhere, and breaks nothing', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        const address = decodeId(text);
        if (address) expect(encodeId(address.kind, address.connection, address.key)).toBe(text);
      }),
    );
  });

  it('of an operation gives a stamp of its own, fit for a name', () => {
    const stamps = new Set<string>();
    for (let round = 0; round < 500; round += 1) {
      const stamp = stampOf(`op_${uuidv7()}`);
      expect(stamp).toMatch(/^fg-[0-9a-z]{26}$/);
      stamps.add(stamp);
    }
    expect(stamps.size).toBe(500);
  });
});

/** RFC 7396, section 2, for objects. */
function merged(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null) return patch;
  const result: Record<string, unknown> =
    typeof target === 'object' && target !== null ? { ...(target as object) } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete result[name];
    else result[name] = merged(result[name], value);
  }
  return result;
}

describe('a merge patch', () => {
  let stack: Stack;
  beforeAll(async () => {
    stack = await startStack([{ slug: 'fm', upstream: 'fleet-manager', scale: 20 }]);
    await stack.reach('fresh');
  });
  afterAll(() => stack?.close());

  const word = fc.stringMatching(/^[a-z][a-z0-9]{0,8}$/);

  it('leaves what RFC 7396 says, whatever was there before', async () => {
    const { data } = (await stack.ask('/v1/clusters?limit=1')).body as { data: { id: string }[] };
    const path = `/v1/clusters/${data[0]?.id}`;
    const labels = async () =>
      ((await stack.ask(path)).body as { data: { labels: Record<string, string> } }).data.labels;
    const names = fc.constantFrom('env', 'tier', 'owner', 'zone');
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(names, fc.oneof(word, fc.constant(null)), { minKeys: 1, maxKeys: 4 }),
        async (patch) => {
          const before = await labels();
          const answer = await stack.ask(path, {
            method: 'PATCH',
            headers: { 'content-type': 'application/merge-patch+json' },
            body: JSON.stringify({ labels: patch }),
          });
          expect(answer.status).toBe(200);
          expect(await labels()).toEqual(merged(before, patch));
        },
      ),
      { numRuns: 25 },
    );
  });
});
