import { createHash, randomBytes } from 'node:crypto';
import { Browser, type Page } from './browser.ts';
import type { Answer, Gateways } from './gateways.ts';

export interface Client {
  readonly id: string;
  readonly secret: string | null;
}

export const back = 'https://board.example.com/back';

export interface Tokens {
  access_token: string;
  refresh_token: string;
  scope: string;
}

/** A proof for one authorization: what is shown first, and what is told later. */
export function newProof() {
  const verifier = randomBytes(32).toString('base64url');
  return { verifier, challenge: createHash('sha256').update(verifier).digest('base64url') };
}

/** The address that a client sends a browser to; undefined leaves a parameter out. */
export function authorizeUrl(
  gateways: Gateways,
  client: Client,
  changes: Record<string, string | undefined> = {},
): string {
  const parameters: Record<string, string | undefined> = {
    response_type: 'code',
    client_id: client.id,
    redirect_uri: back,
    scope: 'read',
    state: 'some-state',
    code_challenge: newProof().challenge,
    code_challenge_method: 'S256',
    ...changes,
  };
  const url = new URL('/oauth/authorize', gateways.url);
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined) url.searchParams.set(name, value);
  }
  return url.href;
}

export interface SignIn {
  readonly user: { readonly name: string; readonly password: string };
  readonly client: Client;
  readonly scope?: string;
  /** parameters of the authorization beside the usual */
  readonly changes?: Record<string, string | undefined>;
}

/** Signs the user in, in a browser of its own, and allows what is asked for; the code that the client gets. */
export async function codeFor(
  gateways: Gateways,
  { user, client, scope = 'read', changes }: SignIn,
): Promise<string> {
  const browser = new Browser(gateways.url);
  try {
    let page: Page = await browser.get(authorizeUrl(gateways, client, { scope, ...changes }));
    page = await browser.submit(page, '/login', { user_name: user.name, password: user.password });
    page = await browser.submit(page, '/confirm');
    const code = new URL(page.url).searchParams.get('code');
    if (code === null) throw new Error(`no code: ${page.url} ${page.text}`);
    return code;
  } finally {
    await browser.close();
  }
}

export function exchange(
  gateways: Gateways,
  client: Client,
  form: Record<string, string>,
  on = 0,
): Promise<Answer> {
  const who = { client_id: client.id, ...(client.secret === null ? {} : { client_secret: client.secret }) };
  return gateways.ask('/oauth/token', { form: { ...who, ...form } }, on);
}

export const withCode = (code: string, verifier: string) => ({
  grant_type: 'authorization_code',
  code,
  redirect_uri: back,
  code_verifier: verifier,
});

export const withRefresh = (token: string) => ({ grant_type: 'refresh_token', refresh_token: token });

/** The whole way: tokens of the user for the client. */
export async function tokensFor(gateways: Gateways, signIn: SignIn): Promise<Tokens> {
  const { verifier, challenge } = newProof();
  const code = await codeFor(gateways, {
    ...signIn,
    changes: { ...signIn.changes, code_challenge: challenge },
  });
  const { status, body, text } = await exchange(gateways, signIn.client, withCode(code, verifier));
  if (status !== 200) throw new Error(text);
  return body as unknown as Tokens;
}
