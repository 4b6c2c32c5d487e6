import { ErrorBody } from '@fleetgate/model';
import fc from 'fast-check';
import { Agent } from 'undici';
import { type Stack, startStack } from '../e2e/stack.ts';
import { type Document, type Operation, operationsOf } from './document.ts';
import { hostileBody, hostileHeaders, hostileText, hostileValue } from './hostile.ts';

/** Calls that are made, and how long that may take (ms): `npm run fuzz` asks for more. */
const wanted = Number(process.env['FLEETGATE_TEST_FUZZ_CALLS'] ?? 20_000);
/** Milliseconds. On a second server there is little to be found that the first run did not find. */
const usual = process.env['FLEETGATE_TEST_DATABASE_URL'] ? 8_000 : 35_000;
const atMost = process.env['FLEETGATE_TEST_FUZZ_CALLS'] ? 3_600_000 : usual;
const atOnce = 50;

/** Failures that are an upstream's, or told as what they are; anything else of 5xx is a bug of ours. */
const fair = new Set([
  'unsupported_by_provider',
  'upstream_error',
  'upstream_auth_failed',
  'upstream_unavailable',
  'upstream_rate_limited',
  'upstream_timeout',
  'incomplete',
]);

interface Attack {
  readonly operation: Operation;
  readonly ids: readonly string[];
  readonly query: readonly (readonly [string, string])[];
  readonly headers: Record<string, string>;
  readonly body: string | undefined;
  readonly key: 'root' | 'none' | 'wrong';
  /** done to the path as it is sent */
  readonly twist: (path: string) => string;
}

let stack: Stack;
let operations: Operation[];
let realIds: string[];
const agent = new Agent({ connections: atOnce });
beforeAll(async () => {
  stack = await startStack([
    { slug: 'apps', upstream: 'app-platform', scale: 20 },
    { slug: 'fm', upstream: 'fleet-manager', scale: 20 },
    { slug: 'palette', upstream: 'palette', scale: 20 },
    { slug: 'toolkit', upstream: 'kubestellar-toolkit', scale: 20 },
  ]);
  await stack.reach('fresh');
  operations = operationsOf((await stack.ask('/openapi.json')).body as Document);
  const lists = [
    'projects',
    'deployments',
    'clusters',
    'cluster-groups',
    'providers',
    'connections',
    'events',
  ];
  const found = await Promise.all(lists.map((list) => stack.ask(`/v1/${list}?limit=3`)));
  realIds = found.flatMap(({ body }) => (body as { data: { id: string }[] }).data.map(({ id }) => id));
});
afterAll(async () => {
  await agent.close();
  await stack?.close();
});

const twists: readonly ((path: string) => string)[] = [
  (path) => path,
  (path) => path,
  (path) => path,
  (path) => path,
  (path) => `${path}/`,
  (path) => path.replace('/v1/', '//v1//'),
  (path) => path.replace('/v1/', '/%761/'),
  (path) => path.replace('/v1/', '/v1/./'),
  (path) => path.replace('/v1/', '/v1/x/../'),
  (path) => `${path};a=b`,
  (path) => path.toUpperCase(),
  (path) => `${path}%2f`,
];

function attacks(): fc.Arbitrary<Attack> {
  const id = fc.oneof(fc.constantFrom(...realIds), hostileText);
  return fc.constantFrom(...operations).chain((operation) => {
    const names = operation.query.map(({ name }) => name);
    const name = names.length > 0 ? fc.oneof(fc.constantFrom(...names), hostileText) : hostileText;
    const value = fc.oneof(
      hostileText,
      id,
      fc.constantFrom(
        '1',
        '100',
        'true',
        'name',
        'complete',
        'native',
        ...operation.query.flatMap(({ values }) => values),
      ),
    );
    const members = operation.members ?? [];
    const member = members.length > 0 ? fc.oneof(fc.constantFrom(...members), hostileText) : hostileText;
    const object = fc
      .dictionary(member, fc.oneof(hostileValue, id), { maxKeys: 6 })
      .map((made) => JSON.stringify(made));
    const body = fc.oneof({ weight: 5, arbitrary: object }, { weight: 1, arbitrary: hostileBody });
    return fc.record<Attack>({
      operation: fc.constant(operation),
      ids: fc.array(id, { minLength: 2, maxLength: 2 }),
      query: fc.array(fc.tuple(name, value), { maxLength: 4 }),
      headers: hostileHeaders,
      body: operation.method === 'GET' ? fc.constant(undefined) : fc.option(body, { nil: undefined }),
      key: fc.constantFrom<Attack['key'][]>('root', 'root', 'root', 'root', 'root', 'none', 'wrong'),
      twist: fc.constantFrom(...twists),
    });
  });
}

const escaped = (text: string) => encodeURIComponent(text.toWellFormed());

function addressOf({ operation, ids, query, twist }: Attack): string {
  let next = 0;
  const path = operation.path.replace(/\{\w+\}|\*/g, () => {
    const id = ids[next++ % ids.length] as string;
    return /^[\w.%-]+$/.test(id) ? id : escaped(id) || '%20';
  });
  const pairs = query.map(([name, value]) => `${escaped(name)}=${escaped(value)}`);
  return `${twist(path)}${pairs.length > 0 ? `?${pairs.join('&')}` : ''}`;
}

/** Makes the call; what is wrong with the answer, or undefined. */
async function wrongWith(attack: Attack): Promise<string | undefined> {
  const { operation, headers, body, key } = attack;
  const path = addressOf(attack);
  const authorization =
    key === 'none' ? {} : { authorization: `Bearer ${key === 'root' ? stack.rootKey : 'fg_live_wrong'}` };
  const answer = await agent.request({
    origin: stack.url,
    path,
    method: operation.method as 'GET',
    headers: {
      ...headers,
      ...authorization,
      ...(body === undefined || headers['range'] ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: Buffer.from(body.toWellFormed()) }),
  });
  const text = await answer.body.text();
  const status = answer.statusCode;
  const said = (what: string) =>
    `${operation.method} ${path.slice(0, 300)} → ${status}: ${what} ${text.slice(0, 500)}`;
  const type = String(answer.headers['content-type'] ?? '');
  if (status === 204 || status === 304 || status < 200) return text === '' ? undefined : said('a body');
  if (!type.startsWith('application/json')) {
    const others = /^(application\/problem\+json|application\/yaml|text\/html|text\/plain)/;
    return others.test(type) && status !== 500 ? undefined : said(`type ${type}`);
  }
  const parsed: unknown = JSON.parse(text);
  if (status >= 400) {
    const error = ErrorBody.safeParse(parsed);
    if (!error.success) return said('not the error envelope');
    if (status >= 500 && !fair.has(error.data.error.code)) return said('a failure of ours');
  }
  // A twisted path may be another route's, or none's.
  const why = attack.twist(path) === path ? operation.broken(status, parsed) : undefined;
  return why && said(why);
}

it(
  `whatever is sent, no answer is a failure of ours or breaks the document`,
  async () => {
    let made = 0;
    const began = performance.now();
    const property = fc.asyncProperty(
      fc.array(attacks(), { minLength: atOnce, maxLength: atOnce }),
      async (batch) => {
        const wrong = await Promise.all(batch.map(wrongWith));
        made += batch.length;
        const first = wrong.find((one) => one !== undefined);
        if (first !== undefined) throw new Error(first);
      },
    );
    await fc.assert(property, {
      numRuns: Math.ceil(wanted / atOnce),
      interruptAfterTimeLimit: atMost,
      endOnFailure: true,
    });
    const seconds = (performance.now() - began) / 1000;
    process.stdout.write(`fuzz: ${made} calls of ${wanted} in ${seconds.toFixed(0)} s, none failed\n`);
    expect(made).toBeGreaterThan(1000);
  },
  atMost + 60_000,
);

it('has made nothing fail that was not foreseen', () => {
  const unforeseen = stack.log.filter((line) => line.includes('"msg":"unforeseen failure"'));
  expect(unforeseen.slice(0, 3)).toEqual([]);
});
