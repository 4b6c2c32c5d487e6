import type { ConnectionConfig } from './file.ts';

/** Every text among the settings of connections that is long enough to be a secret, but addresses. */
export function secretsOf(connections: readonly ConnectionConfig[]): string[] {
  return connections.flatMap(({ settings }) =>
    Object.entries(settings as Record<string, unknown>).flatMap(([name, value]) =>
      typeof value === 'string' && /key|token|password|secret/i.test(name) ? [value] : [],
    ),
  );
}
