import { Fault } from '@fleetgate/model';
import type { Call, Host, IncomingResponse, NativeAccess } from '@fleetgate/provider-spec';
import type { z } from 'zod';
import { faultOfResponse, type ReadComplaint } from './failures.ts';
import type { Credential, Session } from './session.ts';

export interface HttpOptions {
  host: Pick<Host, 'send' | 'clock'>;
  /** as the upstream documents it, without a trailing slash */
  baseUrl: string;
  session: Session;
  timeoutMs: number;
  readComplaint: ReadComplaint;
  /** headers that go with every request, lower-case */
  headers?: Readonly<Record<string, string>>;
}

export interface HttpRequest<Schema extends z.ZodType> {
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** the parts of the path below the base; each is escaped, so that no key can reach another path */
  path: readonly string[];
  /** undefined values are left out */
  query?: Readonly<Record<string, string | number | boolean | undefined>>;
  body?: unknown;
  /** in place of a body: fields as a form sends them (an OAuth token endpoint takes nothing else) */
  form?: Readonly<Record<string, string>>;
  headers?: Readonly<Record<string, string>>;
  /** what the answer must look like: lenient, only the fields that are read */
  answer: Schema;
  /** default: true for GET */
  repeatable?: boolean;
  /** false: for the login itself and whatever else goes without credentials */
  authenticated?: boolean;
}

/** A GET whose answer is text and no JSON. */
export interface TextRequest extends Pick<HttpRequest<z.ZodType>, 'path' | 'query' | 'headers'> {
  /** a longer answer is `unexpected` */
  maxLength: number;
}

export interface Http {
  /** Sends, and parses a 2xx answer with `answer`; anything else rejects with a `Fault`. Renews the session at most once. */
  request<Schema extends z.ZodType>(request: HttpRequest<Schema>, call: Call): Promise<z.output<Schema>>;
  /** The same for an answer that is taken as it is. It may be a secret: no fault repeats any of it. */
  text(request: TextRequest, call: Call): Promise<string>;
  /** the same address and credentials, for calls that go through as they are */
  readonly native: NativeAccess;
}

export function createHttp(options: HttpOptions): Http {
  const { host, session, readComplaint } = options;

  type Outgoing = Omit<HttpRequest<z.ZodType>, 'answer'>;

  async function send(
    request: Outgoing,
    credential: Credential | undefined,
    call: Call,
  ): Promise<IncomingResponse> {
    const method = request.method ?? 'GET';
    const { body, type } = contentOf(request);
    return host.send(
      {
        method,
        url: urlOf(options.baseUrl, request.path, request.query),
        headers: {
          accept: 'application/json',
          ...(type === undefined ? {} : { 'content-type': type }),
          ...options.headers,
          ...request.headers,
          ...credential?.headers,
        },
        ...(body === undefined ? {} : { body }),
        repeatable: request.repeatable ?? method === 'GET',
        ...(request.authenticated === false ? { preliminary: true } : {}),
        timeoutMs: options.timeoutMs,
      },
      call,
    );
  }

  function faultOf(response: IncomingResponse): Fault {
    const complaint = readComplaint(jsonOrUndefined(response.text), response.status);
    return faultOfResponse(response, complaint, session.secrets(), host.clock.now());
  }

  async function answerOf(request: Outgoing, call: Call): Promise<IncomingResponse> {
    const authenticated = request.authenticated ?? true;
    const credential = authenticated ? await session.credential(call) : undefined;
    let response = await send(request, credential, call);
    if (credential && !isSuccess(response) && faultOf(response).code === 'unauthenticated') {
      const renewed = await renewOr(faultOf(response), () => session.renew(credential, call));
      response = await send(request, renewed, call);
    }
    if (!isSuccess(response)) throw faultOf(response);
    return response;
  }

  return {
    async request(request, call) {
      return parseAnswer(await answerOf(request, call), request.answer);
    },
    async text({ path, query = {}, headers, maxLength }, call) {
      const { status, text } = await answerOf({ path, query, headers: { accept: '*/*', ...headers } }, call);
      if (text === '' || text.length > maxLength) {
        const how = text === '' ? 'nothing' : `more than ${maxLength} characters`;
        throw new Fault('unexpected', `the upstream answered with ${how}`, { upstream: { status } });
      }
      return text;
    },
    native: {
      baseUrl: options.baseUrl,
      held: () => session.held(),
      credential: (call) => session.credential(call),
      renew: (refused, call) => session.renew(refused, call),
    },
  };
}

function contentOf({ body, form }: Pick<HttpRequest<z.ZodType>, 'body' | 'form'>): {
  body?: string;
  type?: string;
} {
  if (form) return { body: String(new URLSearchParams(form)), type: 'application/x-www-form-urlencoded' };
  return body === undefined ? {} : { body: JSON.stringify(body), type: 'application/json' };
}

/** A session that has nothing better to offer says so with `unauthenticated`; the refusal itself tells more than that. */
async function renewOr(refusal: Fault, renew: () => Promise<Credential>): Promise<Credential> {
  try {
    return await renew();
  } catch (error) {
    if (error instanceof Fault && error.code === 'unauthenticated' && !error.upstream) throw refusal;
    throw error;
  }
}

function isSuccess(response: IncomingResponse): boolean {
  return response.status >= 200 && response.status < 300;
}

function parseAnswer<S extends z.ZodType>(response: IncomingResponse, schema: S): z.output<S> {
  const upstream = { status: response.status };
  const empty = response.status === 204 || response.text === '';
  const body = empty ? undefined : jsonOrUndefined(response.text);
  if (!empty && body === undefined) {
    throw new Fault('unexpected', 'the upstream answered with something that is not JSON', { upstream });
  }
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const where = issue?.path.join('.') || 'the answer';
  // Only the place and zod's own words: the value itself may hold anything.
  throw new Fault('unexpected', `the upstream broke its contract: ${where}: ${issue?.message ?? 'wrong'}`, {
    upstream,
  });
}

function urlOf(
  baseUrl: string,
  path: readonly string[],
  query: HttpRequest<z.ZodType>['query'] = {},
): string {
  if (path.some((part) => part === '' || part === '.' || part === '..')) {
    // URL parsers fold dot segments even when they are escaped.
    throw new Fault('not_found', 'no such object: its key is not one the upstream could have given');
  }
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) search.set(name, String(value));
  const tail = search.size > 0 ? `?${search}` : '';
  return `${baseUrl}/${path.map((part) => encodeURIComponent(part.toWellFormed())).join('/')}${tail}`;
}

function jsonOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // the callers say what they make of an answer that is not JSON
  }
}
