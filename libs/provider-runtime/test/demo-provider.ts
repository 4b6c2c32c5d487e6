import { Fault, type Key, type ProjectRecord } from '@fleetgate/model';
import type { Host, Limits, ProviderDefinition } from '@fleetgate/provider-spec';
import { z } from 'zod';

const settings = z.strictObject({ url: z.string() });

/** The smallest provider that sends: what the runtime promises is seen by what its upstream gets. */
export function demoProvider(limits: Limits = { concurrency: 8 }): ProviderDefinition<typeof settings> {
  return {
    id: 'demo',
    title: 'Demo',
    settings,
    example: { url: 'http://localhost' },
    limits: () => limits,
    connect({ url }, host: Host) {
      const ask = async (path: string, call: Parameters<Host['send']>[1]) => {
        const request = { method: 'GET', url: url + path, headers: { 'api-key': 'k' }, repeatable: true };
        const { status, text } = await host.send({ ...request, timeoutMs: 5_000 }, call);
        if (status !== 200) throw new Fault('unexpected', `status ${status}`, { upstream: { status } });
        return JSON.parse(text) as { names: string[]; next?: string };
      };
      return {
        account: {
          identify: async (_, call) => ({ name: (await ask('/me?key=secret', call)).names[0] ?? null }),
        },
        projects: {
          async list({ cursor }, call) {
            const { names, next } = await ask(`/projects?after=${cursor ?? ''}`, call);
            return { items: names.map((name) => projectOf([name])), ...(next && { next }) };
          },
          // One operation, several requests.
          async get({ key }, call) {
            await Promise.all(['a', 'b', 'c'].map((part) => ask(`/projects/${key[0]}/${part}`, call)));
            return projectOf(key);
          },
        },
      };
    },
  };
}

export function projectOf(key: Key): ProjectRecord {
  return {
    key,
    name: key[0] ?? '',
    labels: {},
    native: {},
    native_status: null,
    created_at: null,
    updated_at: null,
    status: 'active',
    description: null,
    team: null,
  };
}
