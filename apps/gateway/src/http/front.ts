import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Authentications } from '../access/authentications.ts';
import type { Principal } from '../access/principal.ts';
import type { ReadyStories } from '../requests/ready-stories.ts';
import type { AccessLog } from './access-log.ts';
import { type FrontHeaders, frontHeaders } from './front-headers.ts';
import { type ReadyAnswer, writeReady } from './ready-answers.ts';
import { requestIdFrom } from './request-id.ts';

/**
 * Asked before a ready answer goes out: tells, at once or later, the headers to be sent with it, as lines of its head
 * (`name: value` and CRLF). undefined: it is not had this way. The framework then takes over and says why not.
 */
export type Admit = (
  principal: Principal,
  request: IncomingMessage,
  tell: (lines: string | undefined) => void,
) => void;

/** What is ready now (ms since the epoch) for who asks for that URL; nothing is until the application is up. */
export type FindReady = (principal: Principal, url: string, now: number) => ReadyAnswer | undefined;

export interface FrontParts {
  authentications: Pick<Authentications, 'known'>;
  ready: FindReady;
  access: AccessLog;
  /** absent: whoever is known is admitted */
  admit?: Admit;
  /** absent: nothing is kept of ready answers */
  stories?: Pick<ReadyStories, 'given'>;
  /** absent: calls that go through are the framework's */
  native?: Front;
}

/** Handles a request, or leaves it to `next`, now or later, untouched. */
export type Front = (request: IncomingMessage, response: ServerResponse, next: () => void) => void;

/**
 * What stands before the framework: a list that is ready, asked for by someone who is known already, is written at once. It
 * makes no object for the request, since for such an answer that would be most of the cost. Whatever is not that plain is
 * none of its business.
 */
export function createFront(parts: FrontParts): Front {
  const { authentications, ready, access, admit, stories, native } = parts;
  const give = (response: ServerResponse, found: Ready, lines: string) => {
    const { headers, principal, answer, now, started } = found;
    const { requestId, ifNoneMatch } = headers;
    const id = requestIdFrom(requestId, now);
    const prepared = writeReady(response, answer, { id, ifNoneMatch, now }, lines);
    access.say({ id, answered: prepared.answered, started, principal: principal.id, now });
    stories?.given(id, found, prepared, performance.now() - started);
  };
  return (request, response, next) => {
    if (native !== undefined && isNative(request.url as string)) return native(request, response, next);
    if (request.method !== 'GET') return next();
    const headers = frontHeaders(request.rawHeaders);
    if (headers === undefined) return next();
    const now = Date.now();
    const principal = authentications.known(headers.authorization, now);
    if (principal === undefined) return next();
    const answer = ready(principal, request.url as string, now);
    if (answer === undefined) return next();
    const found = { request, headers, principal, answer, now, started: performance.now() };
    if (admit === undefined) return give(response, found, '');
    admit(principal, request, (lines) => {
      if (lines === undefined) next();
      else give(response, found, lines);
    });
  };
}

/** It looks like one; whether it is one is seen later. */
function isNative(url: string): boolean {
  return url.startsWith('/v1/connections/') && url.includes('/native');
}

interface Ready {
  readonly request: IncomingMessage;
  readonly headers: FrontHeaders;
  readonly principal: Principal;
  readonly answer: ReadyAnswer;
  /** when the request came in: in milliseconds since the epoch, and by `performance.now()` */
  readonly now: number;
  readonly started: number;
}
