import type { ErrorDetail } from '@fleetgate/model';
import type { ProviderDefinition } from '@fleetgate/provider-spec';
import { Injectable } from '@nestjs/common';
import { ApiError } from '../answers/api-error.ts';
import { OutboundGuard } from '../outbound/outbound-guard.ts';
import { check } from './complaints.ts';
import { shownOf } from './setting-secrets.ts';

/** Settings that users gave: as their provider takes them, and leading to where they may. */
@Injectable()
export class SettingsCheck {
  constructor(private readonly guard: OutboundGuard) {}

  /** The parsed settings. Rejects with `validation_error`, every wrong one named as `settings.…`, no value repeated. */
  async parsed(
    definition: ProviderDefinition,
    settings: Readonly<Record<string, unknown>>,
  ): Promise<unknown> {
    const { value, complaints } = check(definition.settings, settings);
    const details = complaints
      ? complaints.map(({ field, message }) => ({ field: fieldOf(field), message }))
      : await this.#astray(shownOf(definition, value), []);
    if (details.length === 0) return value;
    const fields = [...new Set(details.map(({ field }) => field))];
    throw new ApiError('validation_error', `not valid: ${fields.join(', ')}`, { details });
  }

  /** Whatever reads like an address of the web is one that will be called. */
  async #astray(value: unknown, path: readonly string[]): Promise<ErrorDetail[]> {
    if (typeof value === 'string') {
      if (!/^https?:/i.test(value)) return [];
      const complaint = await this.guard.complaintAbout(value);
      return complaint === undefined ? [] : [{ field: fieldOf(path.join('.')), message: complaint }];
    }
    if (typeof value !== 'object' || value === null) return [];
    const inner = Object.entries(value).map(([name, one]) => this.#astray(one, [...path, name]));
    return (await Promise.all(inner)).flat();
  }
}

function fieldOf(name: string): string {
  return name === '' ? 'settings' : `settings.${name}`;
}
