import type { Host } from '@fleetgate/provider-spec';
import { installedProviders } from '../../src/connections/installed.ts';
import { secretsOf } from '../../src/connections/setting-secrets.ts';

const refuse = () => {
  throw new Error('connecting must do no I/O');
};
const inert: Host = {
  send: refuse,
  clock: { now: () => 0, sleep: refuse },
  random: () => 0,
  tokens: { read: refuse, write: refuse, exclusive: refuse },
};

it('stand in the order of their names, each named once', () => {
  const ids = installedProviders.map(({ id }) => id);
  expect(ids).toEqual([...new Set(ids)].sort());
  expect(ids).toEqual(
    expect.arrayContaining(['app-platform', 'chimestack', 'fleet-manager', 'kubestellar-toolkit', 'palette']),
  );
});

describe.each(installedProviders.map((definition) => [definition.id, definition] as const))(
  '%s',
  (_, definition) => {
    const settings = definition.settings.parse(definition.example);

    it('takes its own example, and connects without a call', () => {
      const provider = definition.connect(settings, inert);
      expect(provider.account.identify).toBeInstanceOf(Function);
      expect(definition.limits(settings).concurrency).toBeGreaterThan(0);
    });

    it('marks what is secret, so that the log knows it', () => {
      const secrets = secretsOf(definition, settings).map(({ value }) => value);
      const given = settings as Record<string, unknown>;
      const speaking = Object.keys(given).filter((name) => /key|token|password/i.test(name));
      expect(speaking.length).toBeGreaterThan(0);
      expect(secrets.toSorted()).toEqual(speaking.map((name) => given[name] as string).toSorted());
    });

    it('refuses a setting that it does not know', () => {
      expect(definition.settings.safeParse({ ...(definition.example as object), surprise: 1 }).success).toBe(
        false,
      );
    });
  },
);
