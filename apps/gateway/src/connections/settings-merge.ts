import type { ProviderDefinition } from '@fleetgate/provider-spec';
import { secretsOf } from './setting-secrets.ts';

type Settings = Readonly<Record<string, unknown>>;

/** A merge patch (RFC 7396): members take the place of those before, null removes one. */
export function patched(before: Settings, patch: Settings): Record<string, unknown> {
  const after = new Map<string, unknown>(Object.entries(before));
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) after.delete(name);
    else if (isObject(value)) after.set(name, patched(objectOf(after.get(name)), value));
    else after.set(name, value);
  }
  return Object.fromEntries(after);
}

/** New settings in the place of all before, but for secrets: nobody can give back what is never shown. Null removes one. */
export function replaced(
  definition: ProviderDefinition,
  before: Settings,
  after: Settings,
): Record<string, unknown> {
  const kept = secretsOf(definition, before).reduce<Record<string, unknown>>(
    (settings, { path, value }) => patched(settings, atPath(path, value)),
    {},
  );
  return patched(kept, after);
}

/** Dotted names of every setting that is given. */
export function namesIn(settings: Settings, prefix = ''): string[] {
  return Object.entries(settings).flatMap(([name, value]) =>
    isObject(value) ? namesIn(value, `${prefix}${name}.`) : [`${prefix}${name}`],
  );
}

function atPath(path: readonly string[], value: unknown): Record<string, unknown> {
  const [name = '', ...rest] = path;
  return Object.fromEntries([[name, rest.length === 0 ? value : atPath(rest, value)]]);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function objectOf(value: unknown): Record<string, unknown> {
  return isObject(value) ? value : {};
}
