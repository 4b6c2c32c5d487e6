import type { FastifyRequest } from 'fastify';
import type { Bodies } from './bodies.ts';
import type { Scope } from './deleted.ts';
import type { PaletteErrors } from './errors.ts';
import type { PaletteState } from './state.ts';
import type { PaletteWrites } from './writes.ts';

/** What the route files share: the state, the error bodies and the scope of a call. */
export interface PaletteContext {
  state: PaletteState;
  errors: PaletteErrors;
  writes: PaletteWrites;
  bodies: Bodies;
  /** By the header ProjectUid, else the query parameter; a project that is not there is a 404 ProjectNotFoundInTenant. */
  scopeOf(request: FastifyRequest): Scope;
}

export interface ByUid {
  Params: { uid: string };
}
