import { join } from 'node:path';
import { startEmbeddedPostgres } from '@fleetgate/embedded-postgres';
import { systemClock } from '@fleetgate/provider-runtime';
import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import type { Connections } from '../connections/connection.ts';
import { Connector } from '../connections/connector.ts';
import { FileConnections } from '../connections/file-connections.ts';
import { installedProviders } from '../connections/installed.ts';
import { secretsOf } from '../connections/setting-secrets.ts';
import { UpstreamLimits } from '../connections/shared-limits.ts';
import type { DatabaseTarget } from '../database/database.ts';
import { createLogger } from '../logging/logger.ts';
import { Redaction } from '../logging/redaction.ts';
import { AllowedNetworks } from '../outbound/allowed-networks.ts';
import { OutboundGuard } from '../outbound/outbound-guard.ts';
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
  /** of the file */
  connections: Connections;
  connector: Connector;
  guard: OutboundGuard;
  redaction: Redaction;
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
  const keyring = new Keyring(config.secretKey, config.secretKeysOld);
  const tokens = new PostgresTokens({
    connection: 'url' in database ? { connectionString: database.url } : database,
    sealed: keyring.sealed(sessionTokens.purpose),
    clock: systemClock,
    logger,
    onToken: (name, value) => redaction.addPassing(name, value),
  });
  shutdown.add('sessions', () => tokens.close());
  const guard = new OutboundGuard(new AllowedNetworks(config.allowedNetworks));
  const [sessionKey] = keyring.keysFor('name of a session');
  const connector = new Connector({
    providers: installedProviders,
    tokens,
    logger,
    redaction,
    sessionKey,
    lookup: guard.lookup,
    ...(config.redisUrl === null ? {} : { limits: new UpstreamLimits(systemClock) }),
  });
  shutdown.add('connections', () => connector.close());
  const connections = new FileConnections(config.connections, connector);

  if (config.database.url !== null && config.publicUrl === null) {
    logger.warn(
      'FLEETGATE_PUBLIC_URL is not set: every replica has tokens of its own, which the others refuse',
    );
  }

  step('gateway');
  const creating = create({ config, logger, database, connections, connector, guard, redaction });
  const handle = await shutdown.starting('gateway', creating, (created) => created.close());
  const { url } = await handle.listen();

  step('first sync');
  const sources = await handle.firstSync(config.role === 'worker' ? 0 : firstSyncPatience);
  shutdown.assertNotBegun();
  const docsUrl = `${url}/docs`;
  const { rootKey, rootKeyFile } = config;
  logger.info({ url, docsUrl, sources, rootKeyFile }, 'ready');
  const play = handle.play?.();
  return {
    url,
    docsUrl,
    sources,
    ...(play ? { play } : {}),
    ...(rootKeyFile === null ? {} : { rootKey, rootKeyFile }),
  };
}

async function databaseOf(
  config: Config,
  shutdown: Shutdown,
  onProgress: (step: string) => void,
): Promise<DatabaseTarget> {
  const { url, poolSize } = config.database;
  if (url !== null) {
    await checkDatabase(url);
    return { url, poolSize };
  }
  const starting = startEmbeddedPostgres({ dataDir: join(config.dataDir, 'postgres'), onProgress });
  const server = await shutdown.starting('embedded PostgreSQL', starting, (started) => started.stop());
  const { host, port, user, database } = server;
  return { host, port, user, database, poolSize };
}

/** Knows every secret of the configuration. */
export function redactionOf(config: Config): Redaction {
  const redaction = new Redaction();
  redaction.add(config.rootKey);
  for (const key of [config.secretKey, ...config.secretKeysOld]) redaction.add(key.toString('base64'));
  for (const { provider, settings } of config.connections) {
    const definition = installedProviders.find(({ id }) => id === provider);
    for (const { value } of definition ? secretsOf(definition, settings) : []) redaction.add(value);
  }
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
