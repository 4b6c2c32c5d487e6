import type { Call, Clock, Host, StoredToken } from '@fleetgate/provider-spec';

export const call: Call = {
  requestId: 'mapping-test',
  traceparent: `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`,
  signal: new AbortController().signal,
};

/** A host without retries or limits; one token store, and the upstream's clock where it is given. */
export function plainHost(now: () => number = () => Date.now()): Host {
  const stored = new Map<string, StoredToken>();
  const clock: Clock = { now, sleep: () => Promise.resolve() };
  return {
    clock,
    random: () => 0.5,
    tokens: {
      read: (name) => Promise.resolve(stored.get(name)),
      write: (name, token) => Promise.resolve(void stored.set(name, token)),
      exclusive: (_name, work) => work(),
    },
    async send({ method, url, headers, body }) {
      const response = await fetch(url, { method, headers, ...(body === undefined ? {} : { body }) });
      return {
        status: response.status,
        headers: Object.fromEntries(response.headers),
        text: await response.text(),
      };
    },
  };
}

/** The call of one write, whose steps are made as they come and kept nowhere. */
export function writing(stamp = `fg-${'a'.repeat(26)}`): Call {
  return {
    ...call,
    journal: {
      stamp,
      step: (_name, step, within) => step.make(within),
      note: (_name, look, within) => look(within),
    },
  };
}
