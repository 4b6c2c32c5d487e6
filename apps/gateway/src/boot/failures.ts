import { EmbeddedPostgresError } from '@fleetgate/embedded-postgres';
import { ConfigError } from '../config/config-error.ts';
import type { Config } from '../config.ts';

/** What went wrong at boot, in words of what to do about it; undefined for what nobody foresaw. */
export function explainBootFailure(
  error: unknown,
  config?: Pick<Config, 'host' | 'port' | 'dataDir'>,
): string | undefined {
  if (error instanceof ConfigError || error instanceof EmbeddedPostgresError) return error.message;
  const { code, message = '' } = error as { code?: string; message?: string };
  switch (code) {
    case 'EADDRINUSE':
      return `port ${config?.port} is taken: stop what uses it, or set FLEETGATE_PORT`;
    case 'EADDRNOTAVAIL':
      return `${config?.host} is no address of this machine: set FLEETGATE_HOST`;
    case 'EACCES':
      return message.includes('listen')
        ? `port ${config?.port} may not be used by this user: set FLEETGATE_PORT to 1024 or more`
        : `${config?.dataDir} cannot be written: set FLEETGATE_DATA_DIR to a folder of your own`;
    case 'ENOSPC':
    case '53100':
      return 'the disk is full: free some space and start again';
    case 'ECONNREFUSED':
    case 'ENOTFOUND':
    case 'EHOSTUNREACH':
    case 'ETIMEDOUT':
    case '57P03':
      return 'the database cannot be reached: check FLEETGATE_DATABASE_URL, and that the server is up';
    case '28P01':
    case '28000':
      return 'the database refuses the user or the password: check FLEETGATE_DATABASE_URL';
    case '3D000':
      return 'there is no such database on the server: create it, or check FLEETGATE_DATABASE_URL';
    case '42501':
      return `the database user lacks a right: ${message}`;
    case '0A000':
      return `the database lacks something that is needed: ${message}`;
    default:
      return undefined;
  }
}
