import { inspect } from 'node:util';
import type { Subject } from './subject.ts';
import type { Suite } from './suite.ts';

/** Names under which a value is taken for a secret. */
export const secretName = /pass(word|wd|phrase)|secret|token|api[-_]?key|private[-_]?key|credential/i;

/** A shorter value would be found by chance. */
const shortestSecret = 4;

/** Every value that must never be shown: lasting secrets, and what requests carried to prove who we are. */
export function secretsOf(suite: Suite, subject: Subject, settings: unknown = subject.settings): string[] {
  return [...new Set([...lastingSecrets(suite, settings), ...carriedSecrets(subject)])];
}

/** The values of the secret settings. */
export function lastingSecrets(suite: Suite, settings: unknown): string[] {
  if (typeof settings !== 'object' || settings === null) return [];
  return Object.entries(settings).flatMap(([name, value]) =>
    (suite.secretNames.has(name) || secretName.test(name)) && isTelling(value) ? [value] : [],
  );
}

/** Keys and session tokens in the headers of the recorded requests. */
export function carriedSecrets(subject: Subject): string[] {
  const headers = subject.upstream.control.requests().flatMap((request) => Object.entries(request.headers));
  const values = headers.flatMap(([name, value]) =>
    /auth|key|token|cookie|session/i.test(name) ? [value.replace(/^(bearer|basic|token) /i, '')] : [],
  );
  return [...new Set(values)].filter(isTelling);
}

function isTelling(value: unknown): value is string {
  return typeof value === 'string' && value.length >= shortestSecret;
}

/** The ways in which text may hold a secret. */
function spellings(secret: string): string[] {
  return [
    secret,
    encodeURIComponent(secret),
    Buffer.from(secret).toString('base64'),
    Buffer.from(secret).toString('base64url'),
    JSON.stringify(secret).slice(1, -1),
  ];
}

export function holdsSecret(text: string, secrets: readonly string[]): boolean {
  return secrets.some((secret) => spellings(secret).some((spelling) => text.includes(spelling)));
}

/** Everything that could be logged of an error: message, stack, its own fields, and all its causes with theirs. */
export function textOf(error: unknown): string {
  const parts = [
    inspect(error, { depth: 12, maxStringLength: null, maxArrayLength: null, showHidden: true }),
  ];
  for (let at: unknown = error, depth = 0; at !== undefined && at !== null && depth < 12; depth += 1) {
    parts.push(String(at), inspect(at, { depth: 12, maxStringLength: null }));
    if (typeof at !== 'object') break;
    if ('message' in at) parts.push(String(at.message));
    if ('stack' in at) parts.push(String(at.stack));
    at = 'cause' in at ? at.cause : undefined;
  }
  return parts.join('\n');
}
