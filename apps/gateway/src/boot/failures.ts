import { EmbeddedPostgresError } from '@fleetgate/embedded-postgres';
import { ConfigError } from '../config/config-error.ts';
import type { Config } from '../config.ts';
import { BootError } from './boot-error.ts';

/** What went wrong at boot, in words of what to do about it; undefined for what nobody foresaw. */
export function explainBootFailure(
  error: unknown,
  config?: Pick<Config, 'host' | 'port' | 'metricsPort' | 'dataDir'>,
): string | undefined {
  if (error instanceof ConfigError || error instanceof EmbeddedPostgresError || error instanceof BootError) {
    return error.message;
  }
  const {
    code,
    syscall,
    port = config?.port,
    message = '',
  } = error as { code?: string; syscall?: string; port?: number; message?: string };
  const portSetting =
    port === config?.metricsPort && port !== config?.port ? 'FLEETGATE_METRICS_PORT' : 'FLEETGATE_PORT';
  switch (code) {
    case 'EADDRINUSE':
      return `port ${port} is taken: stop what uses it or set ${portSetting}`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      if (syscall !== 'listen' && syscall !== 'getaddrinfo') return undefined;
      return `${config?.host} is no address of this machine: set FLEETGATE_HOST`;
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return syscall === 'listen'
        ? `port ${port} may not be used by this user: set ${portSetting} to 1024 or more`
        : `${config?.dataDir} cannot be written (${code}): set FLEETGATE_DATA_DIR to a folder of your own`;
    case 'ENOSPC':
    case 'EDQUOT':
    case '53100':
      return `the disk is full (${config?.dataDir} is the data folder): free some space and start again`;
    case '42501':
      return `the database user lacks a right: ${message}`;
    case '0A000':
    case '58P01':
      return `the database lacks something that is needed: ${message}`;
    default:
      return undefined;
  }
}
