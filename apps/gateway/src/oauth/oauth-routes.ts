import type { IncomingMessage } from 'node:http';
import type { INestApplicationContext } from '@nestjs/common';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { formOfJson, withForm } from './form-body.ts';
import { Interactions } from './interactions.ts';
import { answerOAuthError } from './oauth-errors.ts';
import { OAuthServer } from './oauth-server.ts';
import { OwnTokens } from './own-tokens.ts';
import { interactionPath, routes } from './provider-configuration.ts';
import { takeOver } from './take-over.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** people see it, so that its errors are pages */
    page?: boolean;
  }
}

const maxBodyBytes = 56 * 1024;
/** What browsers of other origins may call is for the library to say, client by client. */
const endpoints = [routes.token, routes.introspection, routes.revocation] as const;
const documents = [
  routes.jwks,
  '/.well-known/openid-configuration',
  '/.well-known/oauth-authorization-server',
] as const;

/** Mounts the OAuth server: it gets the bare request, behind the hooks that every request passes. */
export function serveOAuth(server: FastifyInstance, app: INestApplicationContext): void {
  const [oauth, interactions, tokens] = [app.get(OAuthServer), app.get(Interactions), app.get(OwnTokens)];
  void server.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    const asText = { parseAs: 'string', bodyLimit: maxBodyBytes } as const;
    scope.addContentTypeParser(
      'application/x-www-form-urlencoded',
      asText,
      async (_: unknown, text: unknown) => text,
    );
    scope.addContentTypeParser('application/json', asText, async (_: unknown, text: unknown) =>
      formOfJson(text as string),
    );
    scope.setErrorHandler(answerOAuthError);

    const hand = async (message: IncomingMessage, reply: FastifyReply) => {
      const { listener } = await oauth.running();
      takeOver(reply);
      await listener(message, reply.raw);
    };
    const asItCame = (request: FastifyRequest, reply: FastifyReply) => hand(plain(request), reply);

    const page = { config: { page: true }, exposeHeadRoute: false };
    scope.get(routes.authorization, page, asItCame);
    scope.get(`${routes.authorization}/:uid`, page, asItCame);
    scope.get(routes.end_session, page, asItCame);
    scope.get(`${routes.end_session}/success`, page, asItCame);
    scope.post(`${routes.end_session}/confirm`, page, (request, reply) =>
      hand(withForm(plain(request), formOf(request)), reply),
    );
    for (const path of documents) {
      scope.get(path, { exposeHeadRoute: false }, asItCame);
      scope.options(path, asItCame);
    }
    for (const path of endpoints) {
      scope.post(path, async (request, reply) => {
        const form = path === routes.token ? formOf(request) : await tokens.named(formOf(request));
        await hand(withForm(plain(request), form), reply);
      });
      scope.options(path, asItCame);
    }

    const login = `${interactionPath}/:uid`;
    scope.get(login, page, (request, reply) => interactions.show(request, reply));
    for (const step of ['login', 'confirm', 'cancel'] as const) {
      scope.post(`${login}/${step}`, page, (request, reply) =>
        interactions.take(step, new URLSearchParams(formOf(request)), request, reply),
      );
    }
  });
}

/** A request line may name a host of its own (RFC 9112, 3.2.2), which must not become part of any address. */
function plain({ raw }: FastifyRequest): IncomingMessage {
  raw.url = raw.url?.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, '') || '/';
  return raw;
}

function formOf({ body }: FastifyRequest): string {
  return typeof body === 'string' ? body : '';
}
