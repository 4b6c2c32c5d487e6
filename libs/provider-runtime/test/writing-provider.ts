import { Fault } from '@fleetgate/model';
import type { Call, Host, Limits, OutgoingRequest, ProviderDefinition } from '@fleetgate/provider-spec';
import { z } from 'zod';
import { projectOf } from './demo-provider.ts';

const settings = z.strictObject({ url: z.string() });

/** The smallest provider that changes something: a login and a look, then a project and its first deployment. */
export function writingProvider(limits: Limits = { concurrency: 8 }): ProviderDefinition<typeof settings> {
  return {
    id: 'writing',
    title: 'Writing',
    settings,
    example: { url: 'http://localhost' },
    limits: () => limits,
    writes: { projects: { create: { fields: ['name'] }, remove: { fields: [] } } },
    connect({ url }, host: Host) {
      const ask = async (request: Partial<OutgoingRequest> & { path: string }, call: Call) => {
        const { path, ...more } = request;
        const { status, text } = await host.send(
          {
            method: 'POST',
            url: url + path,
            headers: { key: 'k' },
            repeatable: false,
            timeoutMs: 5_000,
            ...more,
          },
          call,
        );
        if (status > 299) throw new Fault(status === 409 ? 'conflict' : 'unexpected', `status ${status}`);
        return JSON.parse(text) as { id: string };
      };
      return {
        account: { identify: async () => ({ name: null }) },
        projects: {
          list: async () => ({ items: [] }),
          get: async ({ key }) => projectOf(key),
          async create({ value }, call) {
            await ask({ path: '/login', preliminary: true }, call);
            await ask({ path: '/search', repeatable: true }, call);
            const body = JSON.stringify({ name: value.name, password: 'hunter2' });
            const id = await call.journal?.step(
              'project',
              { make: async (during) => (await ask({ path: '/projects', body }, during)).id, assumed: 'new' },
              call,
            );
            await call.journal?.step(
              'deployment',
              {
                make: async (during) =>
                  (
                    await ask(
                      { path: `/projects/${id}/deployments`, body: 'plain\ntoken: t0ps3cret' },
                      during,
                    )
                  ).id,
                assumed: 'new',
              },
              call,
            );
            return { key: [id ?? ''] };
          },
          // A change that is made in no step, as it should not be.
          async remove({ key }, call) {
            await ask({ path: `/projects/${key[0]}`, method: 'DELETE' }, call);
          },
        },
      };
    },
  };
}
