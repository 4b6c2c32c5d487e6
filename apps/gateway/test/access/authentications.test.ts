import { type FastifyRequest, fastify } from 'fastify';
import { Declarations } from '../../src/access/access.ts';
import { Authentications } from '../../src/access/authentications.ts';
import { type Principal, root } from '../../src/access/principal.ts';
import { credentialRefused } from '../../src/access/refusals.ts';

const request = {} as FastifyRequest;
const forever = Number.POSITIVE_INFINITY;

/** Knows every token by its own name, after as long as `slow` takes; and how often it was asked. */
class Registry {
  asked = 0;
  slow: Promise<void> | undefined;
  expiresAt = forever;
  readonly authentications = new Authentications();

  constructor() {
    this.authentications.trustUntil(forever);
    this.authentications.use([
      {
        handles: (token) => token.startsWith('t-'),
        authenticate: async (token) => {
          this.asked += 1;
          await this.slow;
          if (token === 't-bad') throw credentialRefused();
          return { principal: { ...root, id: token }, expiresAt: this.expiresAt, dependsOn: [token, 'team'] };
        },
      },
    ]);
  }

  check(token: string): Promise<Principal> {
    return this.authentications.check(`Bearer ${token}`, request);
  }

  known(token: string): Principal | undefined {
    return this.authentications.known(`Bearer ${token}`);
  }
}

describe('a credential', () => {
  it('is looked up once, for however many ask at once, and then known', async () => {
    const registry = new Registry();
    const found = await Promise.all(Array.from({ length: 100 }, () => registry.check('t-1')));
    expect(new Set(found).size).toBe(1);
    expect(registry.known('t-1')).toBe(found[0]);
    await registry.check('t-1');
    expect(registry.asked).toBe(1);
  });

  it('is not remembered when it was refused', async () => {
    const registry = new Registry();
    for (let times = 0; times < 3; times++) {
      await expect(registry.check('t-bad')).rejects.toMatchObject({ code: 'unauthorized' });
    }
    expect(registry.asked).toBe(3);
    await expect(registry.check('of no known form')).rejects.toMatchObject({ code: 'unauthorized' });
    expect(registry.asked).toBe(3);
  });

  it('is forgotten with what it depends on, and with nothing else', async () => {
    const registry = new Registry();
    await Promise.all([registry.check('t-1'), registry.check('t-2')]);
    registry.authentications.forget(['t-1']);
    expect([registry.known('t-1'), registry.known('t-2')]).toEqual([undefined, { ...root, id: 't-2' }]);
    registry.authentications.forget(['team']);
    expect(registry.known('t-2')).toBeUndefined();
  });

  it('is not remembered as what it was before a change that came while it was looked up', async () => {
    const registry = new Registry();
    const gate = Promise.withResolvers<void>();
    registry.slow = gate.promise;
    const before = registry.check('t-1');
    registry.authentications.forget(['somebody else']);
    const after = registry.check('t-1');
    gate.resolve();
    await Promise.all([before, after]);
    expect(registry.asked).toBe(2); // who came after the change was not given what was read before it
    expect(registry.known('t-1')).toBe(await after);
  });

  it('is known no longer than it lasts, nor than every change is sure to be heard of', async () => {
    const registry = new Registry();
    registry.expiresAt = Date.now() + 3_600_000;
    await registry.check('t-1');
    expect(registry.authentications.known('Bearer t-1', registry.expiresAt - 1)).toBeDefined();
    expect(registry.authentications.known('Bearer t-1', registry.expiresAt)).toBeUndefined();
    registry.authentications.trustUntil(Date.now() + 4000);
    expect(registry.authentications.known('Bearer t-1', Date.now() + 4001)).toBeUndefined();
    registry.expiresAt = Date.now();
    await expect(registry.check('t-2')).rejects.toMatchObject({ code: 'unauthorized' });
  });

  it('is one of a bounded number', async () => {
    const registry = new Registry();
    for (let at = 0; at <= 10_000; at++) await registry.check(`t-${at}`);
    expect([registry.known('t-0'), registry.known('t-10000')]).toEqual([
      undefined,
      { ...root, id: 't-10000' },
    ]);
  });

  it('is told as used once each time that this is asked', async () => {
    const registry = new Registry();
    await Promise.all([registry.check('t-1'), registry.check('t-2')]);
    expect(registry.authentications.takeUsed()).toHaveLength(2);
    registry.known('t-2');
    expect(registry.authentications.takeUsed().map(({ id }) => id)).toEqual(['t-2']);
    expect(registry.authentications.takeUsed()).toEqual([]);
  });
});

it('does not start with a route of the API that does not say who may call it', () => {
  const server = fastify();
  const declarations = new Declarations(server);
  server.get('/docs', async () => '');
  server.get('/v1/told', { config: { access: 'open' } }, async () => '');
  declarations.assertComplete();
  server.post('/v1/forgotten', async () => '');
  expect(() => declarations.assertComplete()).toThrow('routes without @Access: POST /v1/forgotten');
});
