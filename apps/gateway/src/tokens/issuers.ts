import { Slug } from '@fleetgate/model';
import { z } from 'zod';
import { checked } from '../connections/checks.ts';
import type { YamlSource } from '../connections/yaml-source.ts';

/** What tokens may be signed with, by others and by us: public keys only, so that no key that verifies can also sign. */
export const signingAlgorithms = ['RS256', 'ES256', 'EdDSA'] as const;
export type SigningAlgorithm = (typeof signingAlgorithms)[number];

/** Where in a token something stands, and what it means here. */
export interface ClaimRule {
  /** name of the claim, or the names that lead to it, joined by dots */
  readonly path: string;
  /** what each value stands for; null: values are our own words */
  readonly map: Readonly<Record<string, readonly string[]>> | null;
  /** what a token has that says nothing of it; null: nothing */
  readonly fallback: string | null;
}

/** An OpenID Connect issuer outside, whose tokens are taken. */
export interface IssuerConfig {
  readonly issuer: string;
  readonly audience: readonly string[];
  /** null: by discovery */
  readonly jwksUrl: string | null;
  readonly algorithms: readonly SigningAlgorithm[];
  readonly claims: { readonly subject: string; readonly team: ClaimRule; readonly scopes: ClaimRule };
}

/** Keys decide who gets in, so they come over TLS; from this machine itself they may come without. */
const SecureUrl = z.string().refine(isSecure, {
  error: 'must be an https:// address (http:// only to this machine), without user, query and fragment',
});

function isSecure(text: string): boolean {
  const url = URL.parse(text);
  if (!url || url.username || url.password || url.search || url.hash || text.includes('#')) return false;
  const local = ['127.0.0.1', '[::1]', 'localhost'].includes(url.hostname);
  return url.protocol === 'https:' || (url.protocol === 'http:' && local);
}

const ClaimPath = z
  .string()
  .min(1)
  .max(200)
  .refine((path) => path.split('.').every(Boolean), { error: 'must be names joined by dots' });

const words = (one: z.ZodType<string>) =>
  z.union([one.transform((word) => [word]), z.array(one).min(1).max(50)]);
/** The words after the claim's own: from a list, the first that the map knows. */
const mapOf = (word: z.ZodType<string>) => z.record(z.string().min(1), words(word));
const ScopeWord = z
  .string()
  .regex(/^[a-z_]+(:[a-z_]+)?$/, { error: 'must be a scope, like clusters:read, or a bundle of scopes' });

const toRule = (path: string): ClaimRule => ({ path, map: null, fallback: null });
const Team = z.union([
  ClaimPath.transform(toRule),
  z
    .strictObject({
      path: ClaimPath,
      map: z.record(z.string().min(1), Slug).optional(),
      default: Slug.optional(),
    })
    .transform(
      ({ path, map, default: fallback }): ClaimRule => ({
        path,
        map: map
          ? Object.fromEntries(Object.entries(map).map(([value, team]) => [value, [team as string]]))
          : null,
        fallback: fallback ?? null,
      }),
    ),
]);
const Scopes = z.union([
  ClaimPath.transform(toRule),
  z
    .strictObject({ path: ClaimPath, map: mapOf(ScopeWord) })
    .transform(({ path, map }): ClaimRule => ({ path, map, fallback: null })),
]);

const Entry = z
  .strictObject({
    issuer: SecureUrl,
    audience: words(z.string().min(1)),
    jwks_url: SecureUrl.optional(),
    algorithms: z
      .array(z.enum(signingAlgorithms))
      .min(1)
      .default([...signingAlgorithms]),
    claims: z.strictObject({ subject: ClaimPath.default('sub'), team: Team, scopes: Scopes }),
  })
  .transform(
    ({ jwks_url, ...rest }): IssuerConfig => ({
      ...rest,
      jwksUrl: jwks_url ?? null,
    }),
  );

/** The issuers of the file, beside its connections; what is wrong is told to the source. */
export function issuersOf(source: YamlSource): IssuerConfig[] {
  const { value } = source;
  const { issuers } = (typeof value === 'object' && value !== null ? value : {}) as { issuers?: unknown };
  if (!Array.isArray(issuers)) return []; // that it must be a list is told with the rest of the file
  const lines = new Map<string, number>();
  return issuers.flatMap((entry: unknown, index) => {
    const path = ['issuers', index];
    const label = `issuer ${index + 1}: `;
    if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) {
      source.refuse(path, `issuer ${index + 1} must hold issuer, audience and claims`);
      return [];
    }
    const config = checked(source, Entry, entry, path, label);
    if (!config) return [];
    const taken = lines.get(config.issuer);
    if (taken !== undefined) {
      source.refuse([...path, 'issuer'], `${label}this issuer is described in line ${taken} already`);
    } else lines.set(config.issuer, source.lineOf([...path, 'issuer']));
    return [config];
  });
}
