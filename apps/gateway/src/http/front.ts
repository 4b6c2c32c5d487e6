import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AccessLog } from './access-log.ts';
import type { Authentications } from './principal.ts';
import { type ReadyAnswers, writeReady } from './ready-answers.ts';
import { requestIdFrom } from './request-id.ts';

export interface FrontParts {
  authentications: Authentications;
  /** undefined until the application is up */
  ready: () => ReadyAnswers | undefined;
  access: AccessLog;
}

/**
 * What stands before the framework: a list that is ready, asked for by someone who is known already, is written at once. It
 * reads the headers as they came and makes no object for the request, since for such an answer that would be most of the
 * cost. Whatever is not that plain is none of its business: it answers false, and the framework takes over.
 */
export function createFront({ authentications, ready, access }: FrontParts) {
  return (request: IncomingMessage, response: ServerResponse): boolean => {
    if (request.method !== 'GET') return false;
    const { rawHeaders, url } = request;
    let authorization: string | undefined;
    let ifNoneMatch: string | undefined;
    let givenId: string | undefined;
    for (let at = 0; at < rawHeaders.length; at += 2) {
      const name = rawHeaders[at] as string;
      // Lengths tell these three from nearly every other header, without making lower-case copies of all names.
      if (name.length !== 13 && name.length !== 12) continue;
      const lower = name.toLowerCase();
      if (lower === 'authorization') {
        if (authorization !== undefined) return false;
        authorization = rawHeaders[at + 1];
      } else if (lower === 'if-none-match') {
        if (ifNoneMatch !== undefined) return false;
        ifNoneMatch = rawHeaders[at + 1];
      } else if (lower === 'x-request-id') {
        if (givenId !== undefined) return false;
        givenId = rawHeaders[at + 1];
      }
    }
    const principal = authentications.known(authorization);
    if (principal === undefined || url === undefined) return false;
    const answer = ready()?.find(principal.id, url);
    if (answer === undefined) return false;
    const started = performance.now();
    const id = requestIdFrom(givenId);
    writeReady(response, answer, id, ifNoneMatch);
    access.say({
      id,
      method: 'GET',
      path: answer.path,
      status: response.statusCode,
      started,
      principal: principal.id,
    });
    return true;
  };
}
