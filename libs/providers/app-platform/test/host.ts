import type { Call, Host } from '@fleetgate/provider-spec';

const call: Call = {
  requestId: 'changes-test',
  traceparent: `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`,
  signal: new AbortController().signal,
};

/**
 * The call of one write, whose steps are made as they come and kept nowhere. With `lost answer` what a step with a look-up has
 * made is forgotten, and looked for; `meanwhile` runs in between.
 */
export function writing(fate?: 'lost answer', meanwhile: () => Promise<void> = async () => undefined): Call {
  return {
    ...call,
    journal: {
      stamp: `fg-${'a'.repeat(26)}`,
      note: (_name, look, within) => look(within),
      async step(_name, step, within) {
        const made = await step.make(within);
        if (fate === undefined || !step.find) return made;
        await meanwhile();
        const found = await step.find(within, Date.now());
        if (found === undefined) throw new Error('what was made is not found');
        return found;
      },
    },
  };
}

/** A host without retries or limits; `before` runs before each request that changes something. */
export function plainHost(before: () => void): Host {
  return {
    clock: { now: () => Date.now(), sleep: () => Promise.resolve() },
    random: () => 0.5,
    tokens: {
      read: () => Promise.resolve(undefined),
      write: () => Promise.resolve(),
      exclusive: (_name, work) => work(),
    },
    async send({ method, url, headers, body, repeatable }) {
      if (!repeatable) before();
      const response = await fetch(url, { method, headers, ...(body === undefined ? {} : { body }) });
      return { status: response.status, headers: {}, text: await response.text() };
    },
  };
}
