import { join } from 'node:path';
import { findEmbeddedPostgres, startEmbeddedPostgres } from '@fleetgate/embedded-postgres';
import pg from 'pg';
import { checkDatabase } from './boot/database-check.ts';
import { explainBootFailure } from './boot/failures.ts';
import { loadStorage, type Storage } from './config.ts';
import { Keyring } from './sealing/keyring.ts';
import { type ColumnReport, reencrypt } from './sealing/reencryption.ts';

const usage = `Usage: npm run reencrypt

Encrypts everything that is stored under a secret key of before anew, under FLEETGATE_SECRET_KEY. The gateway may be running.

  1. Give every process the new key in FLEETGATE_SECRET_KEYS_OLD, so that it can open what others seal under it.
  2. Make it FLEETGATE_SECRET_KEY, and put the one before into FLEETGATE_SECRET_KEYS_OLD, everywhere.
  3. Run this with the same settings. When it says that nothing is left, the old key can be forgotten.
`;

interface Place {
  readonly config: pg.ClientConfig;
  readonly leave: () => Promise<void>;
}

const [argument] = process.argv.slice(2);
if (argument === undefined) process.exitCode = await run();
else {
  const known = argument === '--help' || argument === '-h';
  (known ? process.stdout : process.stderr).write(
    known ? usage : `unknown argument ${argument}: --help says more\n`,
  );
  process.exitCode = known ? 0 : 2;
}

/** Resolves to the exit code. */
async function run(): Promise<number> {
  let storage: Storage | undefined;
  try {
    storage = loadStorage({ env: process.env, cwd: process.cwd() });
    const place = await placeOf(storage);
    try {
      const reports = await withClient(place.config, (client) =>
        reencrypt(client, new Keyring((storage as Storage).secretKey, (storage as Storage).secretKeysOld)),
      );
      process.stdout.write(textOf(reports));
      return reports.some(({ unreadable }) => unreadable > 0) ? 1 : 0;
    } finally {
      await place.leave();
    }
  } catch (error) {
    const known = explainBootFailure(error) ?? explainMissing(error);
    process.stderr.write(`${known ?? (error instanceof Error ? error.stack : String(error))}\n`);
    return 1;
  }
}

/** A server of our own is started where it is not running, and stopped again. */
async function placeOf({ database, dataDir }: Storage): Promise<Place> {
  if (database.url !== null) {
    await checkDatabase(database.url);
    return { config: { connectionString: database.url }, leave: async () => {} };
  }
  const folder = join(dataDir, 'postgres');
  const running = findEmbeddedPostgres(folder);
  if (running) return { config: running, leave: async () => {} };
  const { host, port, user, database: name, stop } = await startEmbeddedPostgres({ dataDir: folder });
  return { config: { host, port, user, database: name }, leave: stop };
}

async function withClient<T>(config: pg.ClientConfig, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ ...config, application_name: 'fleetgate reencrypt' });
  client.on('error', () => {}); // whatever happens to the session also rejects the call under way
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end().catch(() => undefined); // what it was for is done, or has failed already
  }
}

function explainMissing(error: unknown): string | undefined {
  const { code } = error as { code?: string };
  if (code !== '42P01' && code !== '42703') return undefined;
  return 'the database has not been used by this version yet: start the gateway once, then run this again';
}

function textOf(reports: readonly ColumnReport[]): string {
  const lines = reports.map(
    ({ column, anew, before, unreadable }) =>
      `${column.padEnd(28)} ${anew} encrypted anew, ${before} already were${unreadable > 0 ? `, ${unreadable} CANNOT BE OPENED` : ''}`,
  );
  const lost = reports.some(({ unreadable }) => unreadable > 0);
  const end = lost
    ? 'What cannot be opened was sealed under a key that is neither FLEETGATE_SECRET_KEY nor in FLEETGATE_SECRET_KEYS_OLD.'
    : 'Nothing is left under a key of before.';
  return `${lines.join('\n')}\n${end}\n`;
}
