import type { Call, Host } from '@fleetgate/provider-spec';

const call: Call = {
  requestId: 'changes-test',
  traceparent: `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`,
  signal: new AbortController().signal,
};

/** The call of one write, whose steps are made as they come and kept nowhere. */
export function writing(): Call {
  return {
    ...call,
    journal: {
      stamp: `fg-${'a'.repeat(26)}`,
      step: (_name, step, within) => step.make(within),
      note: (_name, look, within) => look(within),
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
