import { newCall } from '@fleetgate/provider-runtime';
import type { StoredToken, TokenStore } from '@fleetgate/provider-spec';
import { startUpstream, type Upstream } from '@fleetgate/sandbox';
import { pino } from 'pino';
import { Connector, type MadeOptions } from '../../src/connections/connector.ts';
import { installedProviders } from '../../src/connections/installed.ts';
import { createLogger } from '../../src/logging/logger.ts';
import { Redaction } from '../../src/logging/redaction.ts';
import { AllowedNetworks } from '../../src/outbound/allowed-networks.ts';
import { OutboundGuard } from '../../src/outbound/outbound-guard.ts';

const lines: string[] = [];
const redaction = new Redaction();
const stored = new Map<string, StoredToken>();
const tokens: TokenStore = {
  read: async (name) => stored.get(name),
  write: async (name, token) => void stored.set(name, token),
  exclusive: (_, work) => work(),
};
const connector = new Connector({
  providers: installedProviders,
  tokens,
  logger: pino({ level: 'silent' }),
  redaction,
  sessionKey: Buffer.alloc(32, 1),
  lookup: new OutboundGuard(new AllowedNetworks(['127.0.0.0/8'])).lookup,
});
const logger = createLogger({
  level: 'info',
  role: 'api',
  pretty: false,
  redaction,
  destination: { write: (line) => void lines.push(line) },
});

let upstream: Upstream;
beforeAll(async () => {
  upstream = await startUpstream('palette', { scale: 10, frozen: true });
});
beforeEach(() => {
  stored.clear();
  lines.length = 0;
});
afterAll(async () => {
  await connector.close();
  await upstream.close();
});

function connect(password: string, more: Partial<MadeOptions> = {}) {
  const definition = connector.definition('palette');
  if (!definition) throw new Error('palette is not installed');
  const { emailId, org } = upstream.credentials;
  const settings = definition.settings.parse({ baseUrl: upstream.baseUrl, emailId, org, password });
  const config = { slug: 'palette', provider: 'palette', team: null, syncIntervalMs: 60_000, settings };
  return connector.connect(definition, config, {
    owner: 'row',
    ended: new AbortController().signal,
    ...more,
  });
}
const logins = () => upstream.control.requests().filter(({ path }) => path.includes('/auth/'));
const call = () =>
  newCall({ requestId: 'req-of-connector', signal: new AbortController().signal, random: Math.random });

it('the log knows every secret of a connection from the moment that it is linked', () => {
  const leak = 'a-password-that-leaks';
  logger.info({ text: leak }, leak);
  expect(lines.join('')).toContain(leak);
  lines.length = 0;
  connect(leak);
  logger.info({ text: `with ${leak}` }, `and ${encodeURIComponent(leak)}`);
  connector.release('row'); // what was under way may still speak of it
  logger.error(new Error(`failed with ${leak}`), 'late');
  expect(lines).toHaveLength(2);
  expect(lines.join('')).not.toContain(leak);
});

it('a session is shared by those that hold the same secrets, and by nobody else', async () => {
  const password = upstream.credentials['password'] as string;
  await connect(password).account.identify({}, call());
  expect(stored.size).toBe(1);
  upstream.control.forget();
  await connect(password).account.identify({}, call());
  expect(logins()).toEqual([]);
  const refused = connect('not-the-password').account.identify({}, call());
  await expect(refused).rejects.toMatchObject({ code: 'unauthenticated' });
  expect([...stored.keys()].join()).not.toContain(password);
});

it('a secret that is only tried neither goes on with a session nor leaves one', async () => {
  const password = upstream.credentials['password'] as string;
  await connect(password).account.identify({}, call());
  const before = [...stored.values()];
  upstream.control.forget();
  await connect(password, { alone: true }).account.identify({}, call());
  expect(logins()).toHaveLength(1);
  expect([...stored.values()]).toEqual(before);
});
