import { join } from 'node:path';
import { startEmbeddedPostgres } from '@fleetgate/embedded-postgres';
import { systemClock } from '@fleetgate/provider-runtime';
import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import { installedProviders } from '../connections/installed.ts';
import { LinkedConnections } from '../connections/linked-connections.ts';
import { secretsOf } from '../connections/secrets.ts';
import type { DatabaseTarget } from '../database/database.ts';
import { createLogger } from '../logging/logger.ts';
import { Redaction } from '../logging/redaction.ts';
import { Keyring } from '../sealing/keyring.ts';
import { sessionTokens } from '../sealing/sealed-columns.ts';
import { PostgresTokens } from '../sessions/postgres-tokens.ts';
import type { AppHandle } from './app-handle.ts';
import { checkDatabase } from './database-check.ts';
import type { ReadyFacts } from './parent.ts';
import type { Shutdown } from './shutdown.ts';

export interface GatewayParts {
  config: Config;
  logger: Logger;
  database: DatabaseTarget;
  connections: LinkedConnections;
}
export type CreateGateway = (parts: GatewayParts) => Promise<AppHandle>;

export interface Progress {
  readonly shutdown: Shutdown;
  /** one short word or line for each step */
  readonly onProgress: (step: string) => void;
  /** default: one for standard output, pretty on a terminal */
  readonly logger?: Logger;
}

/** How long it is waited for the first syncs, in milliseconds. */
const firstSyncPatience = 10_000;

/** From a configuration to a gateway that answers. Whatever it starts is known to `shutdown`, also when it fails. */
export async function start(
  config: Config,
  create: CreateGateway,
  { shutdown, onProgress, ...options }: Progress,
): Promise<ReadyFacts> {
  const redaction = redactionOf(config);
  const pretty = process.stdout.isTTY === true;
  const logger =
    options.logger ?? createLogger({ level: config.logLevel, role: config.role, pretty, redaction });
  shutdown.logTo(logger);
  const step = (name: string) => {
    shutdown.assertNotBegun();
    logger.debug({ step: name }, 'starting');
    onProgress(name);
  };

  step('database');
  const database = await databaseOf(config, shutdown, step);
  const tokens = new PostgresTokens({
    connection: 'url' in database ? { connectionString: database.url } : database,
    sealed: new Keyring(config.secretKey, config.secretKeysOld).sealed(sessionTokens.purpose),
    clock: systemClock,
    logger,
    onToken: (name, value) => redaction.addPassing(name, value),
  });
  shutdown.add('sessions', () => tokens.close());
  const { connections: linked } = config;
  if (linked.length === 0)
    logger.warn('no connections: FLEETGATE_CONFIG names no file of them, or an empty one');
  const connections = new LinkedConnections({
    connections: linked,
    providers: installedProviders,
    tokens,
    logger,
  });
  shutdown.add('connections', () => connections.close());

  step('gateway');
  const creating = create({ config, logger, database, connections });
  const handle = await shutdown.starting('gateway', creating, (created) => created.close());
  const { url } = await handle.listen();

  step('first sync');
  const sources = await handle.firstSync(config.role === 'worker' ? 0 : firstSyncPatience);
  shutdown.assertNotBegun();
  const docsUrl = `${url}/docs`;
  const { rootKey, rootKeyFile } = config;
  logger.info({ url, docsUrl, sources, rootKeyFile }, 'ready');
  return { url, docsUrl, sources, ...(rootKeyFile === null ? {} : { rootKey, rootKeyFile }) };
}

async function databaseOf(
  config: Config,
  shutdown: Shutdown,
  onProgress: (step: string) => void,
): Promise<DatabaseTarget> {
  const { url } = config.database;
  if (url !== null) {
    await checkDatabase(url);
    return { url };
  }
  const starting = startEmbeddedPostgres({ dataDir: join(config.dataDir, 'postgres'), onProgress });
  const server = await shutdown.starting('embedded PostgreSQL', starting, (started) => started.stop());
  const { host, port, user, database } = server;
  return { host, port, user, database };
}

/** Knows every secret of the configuration. */
export function redactionOf(config: Config): Redaction {
  const redaction = new Redaction();
  redaction.add(config.rootKey);
  for (const key of [config.secretKey, ...config.secretKeysOld]) redaction.add(key.toString('base64'));
  for (const secret of secretsOf(config.connections, installedProviders)) redaction.add(secret);
  for (const address of [config.database.url, config.redisUrl]) {
    const password = address === null ? '' : (URL.parse(address)?.password ?? '');
    redaction.add(password);
    redaction.add(decoded(password));
  }
  return redaction;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // it was never encoded
  }
}
