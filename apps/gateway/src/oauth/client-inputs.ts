import { z } from 'zod';
import { scopeWords } from '../access/scopes.ts';

export const grantTypes = ['authorization_code', 'refresh_token', 'client_credentials'] as const;
export type GrantType = (typeof grantTypes)[number];

const loopback = ['127.0.0.1', '[::1]', 'localhost'];

/** Where a browser is sent back to. Over TLS, or to the machine that it runs on; apps may have a scheme of their own. */
const RedirectUri = z.string().max(2000).refine(isRedirectUri, {
  error:
    'must be https://, http:// to this machine (127.0.0.1, [::1], localhost), or a scheme of your own with a dot in it (com.example.app:/back), without user and fragment',
});

function isRedirectUri(text: string): boolean {
  const url = URL.parse(text);
  if (!url || url.username || url.password || text.includes('#') || /\s/.test(text)) return false;
  if (url.protocol === 'https:') return true;
  if (url.protocol === 'http:') return loopback.includes(url.hostname);
  return url.protocol.includes('.');
}

const unique = <T>(list: readonly T[]) => new Set(list).size === list.length;

export const ClientInput = z
  .strictObject({
    name: z.string().trim().min(1).max(100).describe('what people read when they are asked for consent'),
    team: z
      .string()
      .min(1)
      .max(200)
      .optional()
      .describe(
        'slug or id of the team that it belongs to and, without a user, acts for; left out: your own',
      ),
    kind: z
      .enum(['confidential', 'public'])
      .default('confidential')
      .describe('public: it cannot keep a secret (an app, a page, a command line) and gets none'),
    redirect_uris: z.array(RedirectUri).max(10).refine(unique, { error: 'has one twice' }).default([]),
    grant_types: z
      .array(z.enum(grantTypes))
      .min(1)
      .refine(unique, { error: 'has one twice' })
      .optional()
      .describe('default: code and refresh with redirect_uris, client credentials without'),
    scopes: z
      .array(z.enum(scopeWords, { error: `must be one of ${scopeWords.join(', ')}` }))
      .min(1, { error: 'must name at least one' })
      .max(scopeWords.length)
      .refine(unique, { error: 'has one twice' })
      .describe('the most it can ask for, and what it gets when it asks for nothing'),
    pkce: z
      .enum(['required', 'optional'])
      .default('required')
      .describe('optional: for confidential clients of before OAuth 2.1, which know no code_challenge'),
  })
  .meta({ id: 'OAuthClientCreate' })
  .transform((input) => ({
    ...input,
    grant_types: input.grant_types ?? defaultGrants(input.redirect_uris),
  }))
  .check(({ value, issues }) => {
    const refuse = (path: string, message: string) =>
      issues.push({ code: 'custom', path: [path], message, input: value });
    const bySignIn = value.grant_types.includes('authorization_code');
    if (bySignIn && value.redirect_uris.length === 0)
      refuse('redirect_uris', 'is needed for authorization_code');
    if (!bySignIn && value.redirect_uris.length > 0)
      refuse('redirect_uris', 'is of no use without authorization_code');
    if (!bySignIn && value.grant_types.includes('refresh_token')) {
      refuse('grant_types', 'refresh_token is of no use without authorization_code');
    }
    if (value.kind === 'public') {
      if (value.grant_types.includes('client_credentials')) {
        refuse('grant_types', 'client_credentials need a secret: a public client has none');
      }
      if (value.pkce === 'optional') refuse('pkce', 'is required of a public client');
    } else if (value.redirect_uris.some((uri) => !/^https?:/.test(uri))) {
      refuse('redirect_uris', 'a scheme of its own is for a public client');
    }
  });
export type ClientInput = z.output<typeof ClientInput>;

function defaultGrants(redirectUris: readonly string[]): GrantType[] {
  return redirectUris.length > 0 ? ['authorization_code', 'refresh_token'] : ['client_credentials'];
}

export const ClientFacts = z
  .object({
    id: z.string(),
    name: z.string(),
    team: z.object({ id: z.string(), slug: z.string(), name: z.string() }),
    kind: z.enum(['confidential', 'public']),
    grant_types: z.array(z.enum(grantTypes)),
    redirect_uris: z.array(z.string()),
    scopes: z.array(z.enum(scopeWords)),
    pkce: z.enum(['required', 'optional']),
    created_by: z.string(),
    created_at: z.string(),
  })
  .meta({ id: 'OAuthClient' });

export const NewClient = ClientFacts.extend({
  secret: z.string().nullable().describe('shown this once; null of a public client'),
}).meta({ id: 'NewOAuthClient' });
