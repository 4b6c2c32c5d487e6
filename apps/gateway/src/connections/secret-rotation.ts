import { Fault } from '@fleetgate/model';
import { newCall } from '@fleetgate/provider-runtime';
import type { ProviderDefinition } from '@fleetgate/provider-spec';
import { Inject, Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { ApiError } from '../answers/api-error.ts';
import { errorOfFault } from '../answers/upstream-errors.ts';
import { callerOf } from '../http/current.ts';
import { ConnectionChanges } from './connection-changes.ts';
import type { SecretRotation as Input } from './connection-input.ts';
import type { StoredConnection } from './connection-store.ts';
import { CONNECTOR, type Connector } from './connector.ts';
import { isSecret } from './setting-secrets.ts';
import { namesIn, patched } from './settings-merge.ts';

/** Puts new secrets in the place of old ones, once the upstream has taken them. */
@Injectable()
export class SecretRotation {
  constructor(
    private readonly changes: ConnectionChanges,
    @Inject(CONNECTOR) private readonly connector: Connector,
  ) {}

  async rotate(slug: string, { settings }: Input, test: boolean, request: FastifyRequest): Promise<void> {
    const names = namesIn(settings);
    await this.changes.change(slug, request, {
      action: 'rotate_secret',
      settings,
      merge: (definition, before) => {
        assertSecrets(definition, names);
        return patched(before, settings);
      },
      ...(test
        ? { prove: (definition, row, parsed) => this.#prove(definition, row, parsed, names, request) }
        : {}),
    });
  }

  /** Asks the upstream with the new secrets alone: no session that the old ones have opened may answer for them. */
  async #prove(
    definition: ProviderDefinition,
    row: StoredConnection,
    parsed: unknown,
    names: readonly string[],
    request: FastifyRequest,
  ): Promise<void> {
    const { slug, provider, team, syncIntervalMs } = row;
    const owner = `${row.id} ${request.id}`;
    const { signal } = new AbortController();
    try {
      const candidate = this.connector.connect(
        definition,
        { slug, provider, team, syncIntervalMs, settings: parsed },
        { owner, ended: signal, alone: true },
      );
      await candidate.account.identify({}, newCall({ ...callerOf(request), signal, random: Math.random }));
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      if (error.code !== 'unauthenticated' && error.code !== 'forbidden')
        throw errorOfFault(error, { slug, definition });
      const details = names.map((name) => ({
        field: `settings.${name}`,
        message: 'is refused by the platform',
      }));
      throw new ApiError(
        'validation_error',
        `${slug}: the platform refuses the new secret; the old one stays`,
        {
          details,
          cause: error,
        },
      );
    } finally {
      this.connector.release(owner);
    }
  }
}

function assertSecrets(definition: ProviderDefinition, names: readonly string[]): void {
  const others = names.filter((name) => !isSecret(definition, name.split('.')));
  const details =
    names.length === 0
      ? [{ field: 'settings', message: 'must hold the new secret' }]
      : others.map((name) => ({ field: `settings.${name}`, message: 'is no secret: change it by PATCH' }));
  if (details.length === 0) return;
  throw new ApiError('validation_error', `not valid: ${details.map(({ field }) => field).join(', ')}`, {
    details,
  });
}
