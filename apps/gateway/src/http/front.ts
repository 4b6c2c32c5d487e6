import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Authentications } from '../access/authentications.ts';
import type { Principal } from '../access/principal.ts';
import type { AccessLog } from './access-log.ts';
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
}

/** Handles a request, or leaves it to `next`, now or later, untouched. */
export type Front = (request: IncomingMessage, response: ServerResponse, next: () => void) => void;

/**
 * What stands before the framework: a list that is ready, asked for by someone who is known already, is written at once. It
 * makes no object for the request, since for such an answer that would be most of the cost. Whatever is not that plain is
 * none of its business.
 */
export function createFront({ authentications, ready, access, admit }: FrontParts): Front {
  const give = (
    { headers }: IncomingMessage,
    response: ServerResponse,
    { principal, answer, now, started }: Ready,
    lines: string,
  ) => {
    const id = requestIdFrom(headers['x-request-id'] as string | undefined, now);
    const answered = writeReady(response, answer, { id, ifNoneMatch: headers['if-none-match'], now }, lines);
    access.say({ id, answered, started, principal: principal.id, now });
  };
  return (request, response, next) => {
    if (request.method !== 'GET') return next();
    const now = Date.now();
    const principal = authentications.known(request.headers.authorization, now);
    if (principal === undefined) return next();
    const answer = ready(principal, request.url as string, now);
    if (answer === undefined) return next();
    const found = { principal, answer, now, started: performance.now() };
    if (admit === undefined) return give(request, response, found, '');
    admit(principal, request, (lines) => {
      if (lines === undefined) next();
      else give(request, response, found, lines);
    });
  };
}

interface Ready {
  readonly principal: Principal;
  readonly answer: ReadyAnswer;
  /** when the request came in: in milliseconds since the epoch, and by `performance.now()` */
  readonly now: number;
  readonly started: number;
}
