import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Authentications } from '../access/authentications.ts';
import type { Principal } from '../access/principal.ts';
import type { AccessLog } from './access-log.ts';
import { type ReadyAnswer, writeReady } from './ready-answers.ts';
import { requestIdFrom } from './request-id.ts';

/**
 * Asked before a ready answer goes out: gives the headers to be sent with it, as Node takes them raw (name, value, name, …).
 * undefined, or a rejection: it is not had this way. The framework then takes over, asks for itself and says why not.
 */
export type Admit = (principal: Principal, request: IncomingMessage) => Admission | Promise<Admission>;
export type Admission = readonly string[] | undefined;

/** What is ready for who asks for that URL; nothing is until the application is up. */
export type FindReady = (principal: Principal, url: string) => ReadyAnswer | undefined;

export interface FrontParts {
  authentications: Pick<Authentications, 'known'>;
  ready: FindReady;
  access: AccessLog;
  /** absent: whoever is known is admitted */
  admit?: Admit;
}

/** Handles a request, or leaves it to `next`, now or later, untouched. */
export type Front = (request: IncomingMessage, response: ServerResponse, next: () => void) => void;

const noHeaders: readonly string[] = [];

/**
 * What stands before the framework: a list that is ready, asked for by someone who is known already, is written at once. It
 * reads the headers as they came and makes no object for the request, since for such an answer that would be most of the
 * cost. Whatever is not that plain is none of its business.
 */
export function createFront({ authentications, ready, access, admit }: FrontParts): Front {
  return (request, response, next) => {
    const asked = request.method === 'GET' ? askedBy(request.rawHeaders) : undefined;
    const principal = authentications.known(asked?.authorization);
    const answer = principal && ready(principal, request.url as string);
    if (asked === undefined || principal === undefined || answer === undefined) return next();
    const started = performance.now();
    const give = (extra: readonly string[]) => {
      const id = requestIdFrom(asked.requestId);
      writeReady(response, answer, id, asked.ifNoneMatch, { extra });
      const { statusCode: status } = response;
      access.say({ id, method: 'GET', path: answer.path, status, started, principal: principal.id });
    };
    const admitted = admit === undefined ? noHeaders : admit(principal, request);
    if (!(admitted instanceof Promise)) return admitted === undefined ? next() : give(admitted);
    admitted.then(
      (extra) => (extra === undefined ? next() : give(extra)),
      () => next(), // it asks again, and that failure is the one that is answered
    );
  };
}

interface Asked {
  authorization: string | undefined;
  ifNoneMatch: string | undefined;
  requestId: string | undefined;
}

/** The three headers that matter; undefined where one of them came twice. */
function askedBy(rawHeaders: readonly string[]): Asked | undefined {
  const asked: Asked = { authorization: undefined, ifNoneMatch: undefined, requestId: undefined };
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const header = rawHeaders[at] as string;
    // Lengths tell these three from nearly every other header, without making lower-case copies of all names.
    if (header.length !== 13 && header.length !== 12) continue;
    const name = names[header.toLowerCase()];
    if (name === undefined) continue;
    if (asked[name] !== undefined) return undefined;
    asked[name] = rawHeaders[at + 1];
  }
  return asked;
}

const names: Readonly<Record<string, keyof Asked>> = {
  authorization: 'authorization',
  'if-none-match': 'ifNoneMatch',
  'x-request-id': 'requestId',
};
