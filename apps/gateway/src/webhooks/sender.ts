import { Fault } from '@fleetgate/model';
import { guardedConnector } from '@fleetgate/provider-runtime';
import type { Clock } from '@fleetgate/provider-spec';
import { Agent, request } from 'undici';
import { version } from '../boot/version.ts';
import type { OutboundGuard } from '../outbound/outbound-guard.ts';
import { retryAfterOf } from './schedule.ts';
import type { StoredSecrets, WebhookSecrets } from './webhook-secrets.ts';

/** From the look-up of the name to the last byte of the answer, in milliseconds. */
export const deadline = 15_000;
/** Sockets to one origin, and how long an idle one is kept. */
const connections = 64;
const keepAlive = 30_000;
/** Of an answer so many characters are kept, and so many bytes are read before the socket is given up; headers are cut too. */
const cut = { body: 1_000, read: 64 * 1024, headers: 30, header: 200 };
const userAgent = `Fleetgate-Webhooks/${version()}`;

export interface Parcel {
  readonly url: string;
  readonly eventId: string;
  readonly body: string;
  readonly secrets: StoredSecrets;
}

/** What came of one attempt, as the delivery log shows it. */
export interface Attempt {
  readonly at: string;
  readonly duration_ms: number;
  readonly request: { readonly url: string; readonly headers: Readonly<Record<string, string>> };
  readonly response: {
    readonly status: number;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string;
  } | null;
  /** why there is no answer, or why it does not count; null: it arrived */
  readonly error: string | null;
}

export interface Sent {
  readonly attempt: Attempt;
  /** milliseconds for which the endpoint asks to be left alone */
  readonly retryAfter: number | null;
}

/** Posts events to endpoints: one attempt each, signed, to addresses that the guard lets through. Follows no redirect. */
export class Sender {
  readonly #agent: Agent;

  constructor(
    guard: OutboundGuard,
    private readonly secrets: WebhookSecrets,
    private readonly clock: Clock,
    /** in milliseconds */
    private readonly patience = deadline,
  ) {
    this.#agent = new Agent({
      connections,
      connect: guardedConnector({ allowH2: false, timeout: deadline, lookup: guard.lookup }),
      allowH2: false,
      keepAliveTimeout: keepAlive,
      keepAliveMaxTimeout: keepAlive,
      // One deadline over connecting, headers and body takes the place of both.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
  }

  async send({ url, eventId, body, secrets }: Parcel): Promise<Sent> {
    const now = this.clock.now();
    const started = performance.now();
    const at = new Date(now);
    const headers = {
      'content-type': 'application/json',
      'user-agent': userAgent,
      'webhook-id': eventId,
      'webhook-timestamp': String(Math.floor(now / 1000)),
    };
    const ended = new AbortController();
    const timer = setTimeout(() => ended.abort(new Late(this.patience)), this.patience);
    let response: Attempt['response'] = null;
    let error: string | null = null;
    let retryAfter: number | null = null;
    try {
      const signature = this.secrets.sign(secrets, { id: eventId, at, body });
      const answer = await request(url, {
        method: 'POST',
        dispatcher: this.#agent,
        headers: { ...headers, 'webhook-signature': signature },
        body,
        signal: ended.signal,
      });
      const answered = textsOf(answer.headers);
      retryAfter = retryAfterOf(answered['retry-after'], now);
      response = { status: answer.statusCode, headers: answered, body: '' };
      response = { ...response, body: await beginningOf(answer.body) };
      error = complaintAbout(answer.statusCode);
    } catch (failure) {
      error = wordsFor(failure); // an attempt that fails is an outcome like any other
    } finally {
      clearTimeout(timer);
    }
    const duration_ms = Math.round(performance.now() - started);
    return {
      attempt: { at: at.toISOString(), duration_ms, request: { url, headers }, response, error },
      retryAfter,
    };
  }

  /** Cuts off whatever is under way. */
  close(): Promise<void> {
    return this.#agent.destroy();
  }
}

class Late extends Error {
  constructor(patience: number) {
    super(`no whole answer within ${patience / 1000} s`);
  }
}

function complaintAbout(status: number): string | null {
  if (status >= 200 && status < 300) return null;
  return status >= 300 && status < 400
    ? `answered ${status}: redirects are not followed`
    : `answered ${status}`;
}

/** Reads to the end of what is short, so that the socket can be used again; of what is long, only the beginning. */
async function beginningOf(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body) {
    if (length < 4 * cut.body) chunks.push(chunk);
    length += chunk.length;
    if (length > cut.read) break;
  }
  return printable(Buffer.concat(chunks).toString('utf8').slice(0, cut.body));
}

function textsOf(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  const texts = Object.entries(headers).slice(0, cut.headers);
  return Object.fromEntries(
    texts.map(([name, value]) => [name, printable(String(value ?? '')).slice(0, cut.header)]),
  );
}

/** The database takes no NUL. */
function printable(text: string): string {
  return text.replaceAll('\u0000', '\ufffd');
}

/** In words that tell nothing of our own network. */
function wordsFor(failure: unknown): string {
  if (failure instanceof Late || failure instanceof Fault) return failure.message;
  const { code, cause, message } = failure as NodeJS.ErrnoException & { cause?: { code?: string } };
  return code ?? cause?.code ?? message;
}
