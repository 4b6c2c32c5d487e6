import { applyDecorators } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiExtension } from '@nestjs/swagger';
import type { FastifyContextConfig, FastifyInstance, FastifyRequest } from 'fastify';
import type { ApiError } from '../answers/api-error.ts';
import { may, type Principal } from './principal.ts';
import { rootKeyMissing, scopeMissing } from './refusals.ts';
import type { Scope } from './scopes.ts';

/** What a route asks of its callers: nothing, to be somebody that is known, the root key, or a scope (in whichever team). */
export type AccessRule = 'open' | 'signed_in' | 'root' | Scope;

/** Under this name the OpenAPI document says it too, until it is made into words there. */
export const accessExtension = 'x-access';

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: AccessRule;
  }
}

/**
 * The one place that says who may call a route: `@Access('projects:read')`. The scope is asked for before anything else is
 * looked at; that it is held in the right team is for the handler to see to, by `may` or `Scope.visible`.
 */
export const Access = Object.assign((scope: Scope, more: RouteFacts = {}) => declared(scope, more), {
  /** Everyone, without credentials. */
  open: (more: RouteFacts = {}) => declared('open', more),
  /** Whoever is known, whatever they may do. */
  signedIn: (more: RouteFacts = {}) => declared('signed_in', more),
  /** The operator, who holds the root key. */
  rootOnly: (more: RouteFacts = {}) => declared('root', more),
});

/** What else there is to say of a route: a second `RouteConfig` would take the place of this one. */
type RouteFacts = Omit<FastifyContextConfig, 'access'>;

function declared(access: AccessRule, more: RouteFacts) {
  return applyDecorators(RouteConfig({ ...more, access }), ApiExtension(accessExtension, access));
}

/**
 * Outside of /v1 there is nothing to see but documents and health, unless the route says otherwise. It is the route that counts: its path can be spelled in
 * other ways (/%761/clusters). Where no route is, there is nothing to protect.
 */
export function ruleOf({ routeOptions: { url, config } }: FastifyRequest): AccessRule {
  return config.access ?? (url === undefined || !url.startsWith('/v1/') ? 'open' : 'signed_in');
}

/** Why the caller may not; undefined where it may. */
export function refusalOf(principal: Principal, rule: AccessRule): ApiError | undefined {
  if (rule === 'open' || rule === 'signed_in') return undefined;
  if (rule === 'root') return principal.everything ? undefined : rootKeyMissing();
  if (may(principal, rule, null)) return undefined;
  return scopeMissing(rule);
}

/** Notes routes of the API that do not say who may call them; the boot fails over them. */
export class Declarations {
  readonly #missing = new Set<string>();

  constructor(fastify: FastifyInstance) {
    fastify.addHook('onRoute', ({ url, method, config }) => {
      if (url.startsWith('/v1/') && config?.access === undefined) this.#missing.add(`${method} ${url}`);
    });
  }

  assertComplete(): void {
    if (this.#missing.size === 0) return;
    throw new Error(`routes without @Access: ${[...this.#missing].join(', ')}`);
  }
}
