import type { JWTPayload } from 'jose';
import type { ClaimRule } from './issuers.ts';

/** What stands at that path: the claim of the whole name, else the one that the names lead to. */
export function claimAt(payload: JWTPayload, path: string): unknown {
  if (Object.hasOwn(payload, path)) return payload[path];
  let at: unknown = payload;
  for (const name of path.split('.')) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, name)) return undefined;
    at = (at as Record<string, unknown>)[name];
  }
  return at;
}

/** The words that a token has by that rule, each once: its values are a list of texts, or one text of words. */
export function wordsOf(payload: JWTPayload, { path, map, fallback }: ClaimRule): string[] {
  const claim = claimAt(payload, path);
  const listed = typeof claim === 'string' ? [claim, ...claim.split(' ')] : Array.isArray(claim) ? claim : [];
  const values = listed.filter((value): value is string => typeof value === 'string' && value !== '');
  const words = map
    ? values.flatMap((value) => (Object.hasOwn(map, value) ? (map[value] as readonly string[]) : []))
    : values;
  return words.length === 0 && fallback !== null ? [fallback] : [...new Set(words)];
}
