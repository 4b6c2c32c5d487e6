import { randomBytes } from 'node:crypto';
import pg from 'pg';
import type { DatabaseTarget } from '../../src/database/database.ts';
import { serverConfig } from './server.ts';

export interface TestDatabase {
  /** what the gateway is given */
  readonly target: DatabaseTarget;
  /** what a bare `pg` client is given */
  readonly config: pg.ClientConfig;
  /** Drops it, with whoever is still connected. */
  drop(): Promise<void>;
}

/** Sessions of each gateway's pool: several run at once in a test, on a server that others use as well. */
export const testPoolSize = 6;

/** A new, empty database of its own for one test file. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const name = `fleetgate_test_${randomBytes(6).toString('hex')}`;
  await administer(`CREATE DATABASE ${name}`);
  const target = targetOf(serverConfig(), name);
  return {
    target,
    config: configOf(target),
    drop: () => administer(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`),
  };
}

/** As the program is given it by FLEETGATE_DATABASE_URL. */
export function urlOf({ target }: TestDatabase): string {
  if ('url' in target) return target.url;
  const { host, port, user, database: name } = target;
  return `postgres://${user}@localhost:${port}/${name}?host=${encodeURIComponent(host)}`;
}

function targetOf(server: pg.ClientConfig, database: string): DatabaseTarget {
  if (server.connectionString) {
    const url = new URL(server.connectionString);
    url.pathname = `/${database}`;
    return { url: url.href, poolSize: testPoolSize };
  }
  const { host = '', port = 5432, user = '' } = server;
  return { host, port, user, database, poolSize: testPoolSize };
}

function configOf(target: DatabaseTarget): pg.ClientConfig {
  if ('url' in target) return { connectionString: target.url };
  const { host, port, user, database } = target;
  return { host, port, user, database };
}

async function administer(statement: string): Promise<void> {
  const client = new pg.Client(serverConfig());
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
