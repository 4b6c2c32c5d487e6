import { Inject, Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { errors, type Interaction, type Provider } from 'oidc-provider';
import { ApiError } from '../answers/api-error.ts';
import { Audit } from '../audit/audit.ts';
import { PublicUrl } from '../http/public-url.ts';
import { FormTokens } from './form-tokens.ts';
import { pageHeaders } from './html.ts';
import { OAuthServer } from './oauth-server.ts';
import { consentPage, errorPage, loginPage } from './pages.ts';
import { interactionPath, mountPathOf } from './provider-configuration.ts';
import { saidScope } from './scope-words.ts';
import { takeOver } from './take-over.ts';
import { USERS, type Users } from './users.ts';

export type Step = 'login' | 'confirm' | 'cancel';

interface Details extends Interaction {
  readonly params: { client_id: string; redirect_uri: string; scope?: string };
}

interface SignIn {
  readonly provider: Provider;
  readonly details: Details;
  readonly clientName: string;
  readonly sent: URLSearchParams;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

/** The pages of a login under way, and what is sent from them. */
@Injectable()
export class Interactions {
  constructor(
    private readonly oauth: OAuthServer,
    private readonly forms: FormTokens,
    private readonly publicUrl: PublicUrl,
    private readonly audit: Audit,
    @Inject(USERS) private readonly users: Users,
  ) {}

  async show(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const under = await this.#underWay(request, reply);
    if (!under) return;
    const { details, clientName } = under;
    const form = this.#formOf(details, clientName);
    if (details.prompt.name === 'login') {
      this.#send(reply, details, 200, loginPage(form));
      return;
    }
    const user = await this.users.find(details.session?.accountId ?? '');
    if (!user) return this.#expired(reply);
    const scopes = (details.params.scope ?? '').split(' ').flatMap((word) => saidScope(word) ?? []);
    const sentBackTo = sourceOf(details.params.redirect_uri);
    this.#send(reply, details, 200, consentPage({ ...form, userName: user.name, scopes, sentBackTo }));
  }

  async take(step: Step, sent: URLSearchParams, request: FastifyRequest, reply: FastifyReply): Promise<void> {
    this.#assertOurs(request);
    const under = await this.#underWay(request, reply);
    if (!under) return;
    const { details, provider } = under;
    if (!this.forms.isOf(details.uid, sent.get('csrf') ?? undefined)) throw notOurForm();
    if (step === 'cancel') {
      const result = { error: 'access_denied', error_description: 'the user has refused' };
      return this.#finish(provider, request, reply, result);
    }
    if (step === 'login' && details.prompt.name === 'login') {
      return this.#signIn({ ...under, sent, request, reply });
    }
    if (step === 'confirm' && details.prompt.name === 'consent') {
      const grantId = await this.#grant(provider, details);
      await this.#record(request, 'oauth.consent', details.session?.accountId ?? '', details);
      return this.#finish(provider, request, reply, { consent: { grantId } });
    }
    this.#expired(reply); // a form of a step that is behind us, sent again
  }

  async #signIn({ provider, details, clientName, sent, request, reply }: SignIn): Promise<void> {
    const userName = (sent.get('user_name') ?? '').slice(0, 200);
    const password = (sent.get('password') ?? '').slice(0, 200);
    const again = (status: number, complaint: string) => {
      const form = this.#formOf(details, clientName);
      this.#send(reply, details, status, loginPage({ ...form, userName, complaint }));
    };
    try {
      const user = await this.users.byPassword(userName, password, request);
      if (!user) return again(422, 'User name or password is wrong.');
      await this.#record(request, 'login', user.id, details);
      return this.#finish(provider, request, reply, { login: { accountId: user.id, amr: ['pwd'] } });
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== 'rate_limited') throw error;
      void reply.header('retry-after', String(error.facts.retryAfterSeconds ?? 1));
      again(429, 'Too many attempts. Wait a little, and try again.');
    }
  }

  async #record(request: FastifyRequest, action: string, userId: string, { params }: Details): Promise<void> {
    const actor = (await this.users.principalOf(userId))?.principal;
    await this.audit.record(request, {
      action,
      team: actor?.team?.slug ?? null,
      target: { kind: 'user', id: userId },
      detail: { client: params.client_id, scope: params.scope ?? '' },
      outcome: 'done',
      ...(actor ? { actor } : {}),
    });
  }

  /** The login that this browser has under way; undefined: none, which was answered. */
  async #underWay(request: FastifyRequest, reply: FastifyReply) {
    const { provider } = await this.oauth.running();
    const { uid } = request.params as { uid: string };
    try {
      const details = (await provider.interactionDetails(request.raw, reply.raw)) as Details;
      const client = await provider.Client.find(details.params.client_id);
      if (details.uid !== uid || !client) throw new errors.SessionNotFound('another one');
      return { provider, details, clientName: client.clientName ?? client.clientId };
    } catch (error) {
      if (!(error instanceof errors.SessionNotFound)) throw error;
      this.#expired(reply);
      return undefined;
    }
  }

  async #grant(provider: Provider, { params, session, grantId, prompt }: Details): Promise<string> {
    const known = grantId === undefined ? undefined : await provider.Grant.find(grantId);
    const accountId = session?.accountId ?? '';
    const grant = known ?? new provider.Grant({ accountId, clientId: params.client_id });
    const { missingOIDCScope, missingResourceScopes } = prompt.details as {
      missingOIDCScope?: string[];
      missingResourceScopes?: Record<string, string[]>;
    };
    if (missingOIDCScope) grant.addOIDCScope(missingOIDCScope.join(' '));
    for (const [resource, scopes] of Object.entries(missingResourceScopes ?? {})) {
      grant.addResourceScope(resource, scopes.join(' '));
    }
    return grant.save();
  }

  async #finish(
    provider: Provider,
    request: FastifyRequest,
    reply: FastifyReply,
    result: Parameters<Provider['interactionFinished']>[2],
  ): Promise<void> {
    const mergeWithLastSubmission = 'consent' in result;
    const returnTo = await provider.interactionResult(request.raw, reply.raw, result, {
      mergeWithLastSubmission,
    });
    takeOver(reply);
    reply.raw
      .writeHead(303, { location: returnTo, 'content-length': '0', 'cache-control': 'no-store' })
      .end();
  }

  #formOf({ uid }: Details, clientName: string) {
    const path = `${mountPathOf(this.publicUrl.value)}${interactionPath}/${uid}`;
    return { path, csrf: this.forms.of(uid), clientName };
  }

  #send(reply: FastifyReply, { params }: Details, status: number, text: string): void {
    void reply
      .code(status)
      .headers(pageHeaders(sourceOf(params.redirect_uri)))
      .send(text);
  }

  #expired(reply: FastifyReply): void {
    void reply.code(400).headers(pageHeaders()).send(errorPage('login_expired'));
  }

  /** Browsers say where a form was sent from; beside the token in it, that keeps other sites out. */
  #assertOurs({ headers }: FastifyRequest): void {
    const { origin, 'sec-fetch-site': site } = headers;
    if (origin !== undefined && origin !== new URL(this.publicUrl.value).origin) throw notOurForm();
    if (site !== undefined && site !== 'same-origin' && site !== 'none') throw notOurForm();
  }
}

/** Of an address the part that says whose it is: its origin, or the scheme of an app. */
function sourceOf(redirectUri: string): string {
  const { origin, protocol } = new URL(redirectUri);
  return origin === 'null' ? protocol : origin;
}

function notOurForm(): ApiError {
  return new ApiError('forbidden', 'this form was not shown by us');
}
