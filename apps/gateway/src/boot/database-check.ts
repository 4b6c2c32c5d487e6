import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { BootError } from './boot-error.ts';

/** What the migrations and queries use; older ones are no longer maintained either. */
const oldestVersion = 15;
/** Bound on one look, and on waiting for a server that says it is starting up, in milliseconds. */
const usualPatience = { look: 5_000, startUp: 30_000 };

/**
 * Makes sure that the database of FLEETGATE_DATABASE_URL is there, takes us and is recent enough; throws `BootError`. A server
 * that is starting up is waited for.
 */
export async function checkDatabase(url: string, patience = usualPatience): Promise<void> {
  const until = AbortSignal.timeout(patience.startUp);
  for (;;) {
    try {
      const version = await versionOf(url, patience.look);
      if (version >= oldestVersion * 10_000) return;
      throw new BootError(
        `the database is PostgreSQL ${Math.floor(version / 10_000)}: version ${oldestVersion} or later is needed`,
      );
    } catch (error) {
      if (error instanceof BootError) throw error;
      const startsUp = (error as { code?: string }).code === '57P03';
      if (!startsUp || until.aborted) throw new BootError(explain(error), { cause: error });
      await sleep(500);
    }
  }
}

/** 150020 for 15.20 */
async function versionOf(url: string, patienceMs: number): Promise<number> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: patienceMs,
    query_timeout: patienceMs,
    application_name: 'fleetgate boot',
  });
  client.on('error', () => {}); // whatever happens to the session also rejects the call under way
  try {
    await client.connect();
    const { rows } = await client.query<{ server_version_num: string }>('SHOW server_version_num');
    return Number(rows[0]?.server_version_num);
  } finally {
    await client.end().catch(() => undefined); // the outcome of the look matters, not how it ends
  }
}

/** The messages of the server may name the user and the database, and hold no password. */
function explain(error: unknown): string {
  const { code = '', message = '' } = error as { code?: string; message?: string };
  switch (code) {
    case '28P01':
    case '28000':
      return `the database refuses the user or the password (${message}): check FLEETGATE_DATABASE_URL`;
    case '3D000':
      return `${message}: create it, or check FLEETGATE_DATABASE_URL`;
    case '42501':
      return `${message}: give the user of FLEETGATE_DATABASE_URL the right to connect`;
    case '53300':
      return `${message}: raise max_connections of the server, or end some of its sessions`;
    case '57P03':
      return 'the database is still starting up: try again when it is up';
    default:
      return `the database cannot be reached (${message || code}): check FLEETGATE_DATABASE_URL, and that the server is up`;
  }
}
