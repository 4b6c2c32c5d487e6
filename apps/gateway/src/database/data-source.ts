import pg from 'pg';
import { DataSource, type DataSourceOptions } from 'typeorm';
import { type DatabaseTarget, poolSizeOf } from './database.ts';
import { migrations } from './migrations.ts';

/** How long a statement waits for a session, in milliseconds. */
const sessionPatience = 5_000;
/** Key of the advisory lock under which migrations run, so that replicas that start together do it once. */
const migrationLock = 0x666c_6565;

/**
 * Session settings. Statements are shaped for the one index they mean to use, and a table may grow a thousandfold within a
 * minute: a plan that scans it, made while it was small, must never be kept.
 */
const sessionSettings = [
  'TimeZone=UTC',
  'jit=off',
  'plan_cache_mode=force_generic_plan',
  'enable_seqscan=off',
];

const oid = { int8: 20, timestamp: 1114, timestamptz: 1184 };

/** int8 as number (nothing of ours comes near 2^53), times as text: making Date objects costs more than reading rows. */
const types: pg.CustomTypesConfig = {
  getTypeParser(id: number, format?: 'text' | 'binary') {
    if (format !== 'binary') {
      if (id === oid.int8) return Number;
      if (id === oid.timestamp || id === oid.timestamptz) return (text: string) => text;
    }
    return pg.types.getTypeParser(id, format);
  },
};

export function dataSourceOptions(target: DatabaseTarget): DataSourceOptions {
  const place =
    'url' in target
      ? { url: target.url }
      : { host: target.host, port: target.port, username: target.user, database: target.database };
  return {
    type: 'postgres',
    ...place,
    applicationName: 'fleetgate',
    installExtensions: false, // uuid-ossp would need rights that a locked-down server does not give
    uuidExtension: 'pgcrypto', // gen_random_uuid(), built in since PostgreSQL 13
    poolSize: poolSizeOf(target),
    entities: [],
    migrations: [...migrations],
    migrationsRun: false, // run under a lock below
    extra: {
      types,
      pipeline: true, // a session takes a statement before it has answered the one before it
      connectionTimeoutMillis: sessionPatience,
      options: sessionSettings.map((setting) => `-c ${setting}`).join(' '),
    },
  };
}

/** Opens the pool and brings the schema up to date, one replica at a time. */
export async function openDataSource(target: DatabaseTarget): Promise<DataSource> {
  const source = new DataSource(dataSourceOptions(target));
  await source.initialize();
  const lock = source.createQueryRunner();
  try {
    await lock.query('SELECT pg_advisory_lock($1)', [migrationLock]);
    await source.runMigrations({ transaction: 'each' });
    await lock.query('SELECT pg_advisory_unlock($1)', [migrationLock]);
    await lock.release();
    return source;
  } catch (error) {
    await source.destroy().catch(() => undefined); // the failure that is thrown matters more than a pool that would not close
    throw error;
  }
}
