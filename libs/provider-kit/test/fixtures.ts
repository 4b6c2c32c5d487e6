import type {
  Call,
  Host,
  IncomingResponse,
  OutgoingRequest,
  StoredToken,
  TokenStore,
} from '@fleetgate/provider-spec';

export function call(signal: AbortSignal = new AbortController().signal): Call {
  return { requestId: 'test-request', traceparent: `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`, signal };
}

/** A clock that a test turns by hand. */
export function handClock(start = Date.parse('2026-03-01T00:00:00Z')) {
  let now = start;
  return {
    now: () => now,
    advance: (ms: number) => {
      now += ms;
    },
    sleep: () => Promise.resolve(),
  };
}

/** A token store as several replicas would share it. */
export function sharedTokens(): TokenStore & { readonly stored: Map<string, StoredToken> } {
  const stored = new Map<string, StoredToken>();
  let turn: Promise<unknown> = Promise.resolve();
  return {
    stored,
    read: (name) => Promise.resolve(stored.get(name)),
    write(name, token) {
      stored.set(name, token);
      return Promise.resolve();
    },
    exclusive(_name, work) {
      const mine = turn.then(work, work);
      turn = mine.catch(() => undefined); // the next in line waits for the end of this one, whatever end it has
      return mine;
    },
  };
}

export function hostOf(
  answer: (request: OutgoingRequest) => IncomingResponse | Promise<IncomingResponse>,
): Host & { readonly sent: OutgoingRequest[] } {
  const sent: OutgoingRequest[] = [];
  return {
    sent,
    async send(request) {
      sent.push(request);
      return answer(request);
    },
    clock: handClock(),
    random: () => 0.5,
    tokens: sharedTokens(),
  };
}

export const json = (
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): IncomingResponse => ({
  status,
  headers,
  text: JSON.stringify(body),
});
