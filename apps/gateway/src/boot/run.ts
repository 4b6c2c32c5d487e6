import { resolve } from 'node:path';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '@fleetgate/embedded-postgres';
import { systemClock } from '@fleetgate/provider-runtime';
import type { Logger } from 'pino';
import { helpText } from '../config/variables.ts';
import { type Config, loadConfig } from '../config.ts';
import { installedProviders } from '../connections/installed.ts';
import { LinkedConnections } from '../connections/linked-connections.ts';
import { secretsOf } from '../connections/secrets.ts';
import type { DatabaseTarget } from '../database/database.ts';
import { createLogger } from '../logging/logger.ts';
import { Redaction } from '../logging/redaction.ts';
import { PostgresTokens } from '../sessions/postgres-tokens.ts';
import type { AppHandle } from './app-handle.ts';
import { explainBootFailure } from './failures.ts';
import { tellParent } from './parent.ts';
import { Shutdown } from './shutdown.ts';
import { version } from './version.ts';

export interface GatewayParts {
  config: Config;
  logger: Logger;
  database: DatabaseTarget;
  connections: LinkedConnections;
}
export type CreateGateway = (parts: GatewayParts) => Promise<AppHandle>;

/** How long the first answer waits for the first syncs, in milliseconds. */
const firstSyncPatience = 10_000;

/** Boots the gateway as a program: from the environment to answering, and down again on a signal. */
export async function run(create: CreateGateway): Promise<void> {
  const [flag] = process.argv.slice(2);
  if (flag === '--help' || flag === '-h') return void process.stdout.write(helpText());
  if (flag === '--version') return void process.stdout.write(`${version()}\n`);

  const shutdown = new Shutdown();
  let config: Config | undefined;
  try {
    await tellParent({ type: 'progress', step: 'configuration' });
    config = loadConfig({ env: process.env, cwd: process.cwd() });
    await start(config, create, shutdown);
  } catch (error) {
    if (shutdown.begun) return; // a signal during boot: what fails because of it is no failure
    const message =
      explainBootFailure(error, config) ?? `unforeseen: ${error instanceof Error ? error.stack : error}`;
    if (process.send) await tellParent({ type: 'failed', message });
    else process.stderr.write(`${message}\n`);
    await shutdown.end(1);
  }
}

async function start(config: Config, create: CreateGateway, shutdown: Shutdown): Promise<void> {
  const redaction = new Redaction();
  for (const secret of [
    config.rootKey,
    config.secretKey.toString('base64'),
    ...secretsOf(config.connections),
  ]) {
    redaction.add(secret);
  }
  const pretty = process.stdout.isTTY === true;
  const logger = createLogger({ level: config.logLevel, role: config.role, pretty, redaction });
  shutdown.logTo(logger);

  await tellParent({ type: 'progress', step: 'database' });
  const database = await databaseOf(config, shutdown);
  const tokens = new PostgresTokens({
    connection: 'url' in database ? { connectionString: database.url } : database,
    secretKey: config.secretKey,
    clock: systemClock,
    logger,
  });
  shutdown.add('sessions', () => tokens.close());
  const connections = new LinkedConnections({
    connections: config.connections,
    providers: installedProviders,
    tokens,
    logger,
  });
  shutdown.add('connections', () => connections.close());
  if (config.connections.length === 0) logger.warn('no connections: FLEETGATE_CONFIG names no file of them');

  await tellParent({ type: 'progress', step: 'schema and gateway' });
  const handle = await create({ config, logger, database, connections });
  shutdown.add('gateway', () => handle.close());
  const { url } = await handle.listen();

  await tellParent({ type: 'progress', step: 'first sync' });
  const sources = await handle.firstSync(config.role === 'worker' ? 0 : firstSyncPatience);
  const kept =
    config.rootKeyFile === null ? {} : { rootKey: config.rootKey, rootKeyFile: config.rootKeyFile };
  const docsUrl = `${url}/docs`;
  logger.info({ url, docsUrl, sources, rootKeyFile: config.rootKeyFile }, 'ready');
  await tellParent({ type: 'ready', url, docsUrl, sources, ...kept });
}

async function databaseOf(config: Config, shutdown: Shutdown): Promise<DatabaseTarget> {
  if (config.database.url !== null) return { url: config.database.url };
  const server: EmbeddedPostgres = await startEmbeddedPostgres({
    dataDir: resolve(config.dataDir, 'postgres'),
    onProgress: (step) => void tellParent({ type: 'progress', step }),
  });
  shutdown.add('embedded PostgreSQL', () => server.stop());
  const { host, port, user, database } = server;
  return { host, port, user, database };
}
