import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type * as Embedded from '@fleetgate/embedded-postgres';
import { announceServer } from './server.ts';

/**
 * One PostgreSQL for the whole run: the one that FLEETGATE_TEST_DATABASE_URL names, or an embedded one in a temporary
 * folder.
 */
export default async function globalSetup(): Promise<void> {
  const url = process.env['FLEETGATE_TEST_DATABASE_URL'];
  if (url) return announceServer({ connectionString: url }, async () => {});
  const folder = mkdtempSync(path.join(tmpdir(), 'fleetgate-test-'));
  chmodSync(folder, 0o755); // as root, the server runs as somebody else, who has to get in
  const { startEmbeddedPostgres } = await embedded();
  const { host, port, user, database, stop } = await startEmbeddedPostgres({
    dataDir: path.join(folder, 'postgres'),
    durable: false,
    maxConnections: 200,
  });
  announceServer({ host, port, user, database }, async () => {
    await stop();
    rmSync(folder, { recursive: true, force: true });
  });
}

/** The package's source: a global setup is resolved by Node itself, which knows of built files only. */
async function embedded(): Promise<typeof Embedded> {
  const manifest = createRequire(__filename).resolve('@fleetgate/embedded-postgres/package.json');
  const { exports } = JSON.parse(readFileSync(manifest, 'utf8')) as {
    exports: { '.': { '@fleetgate/source': string } };
  };
  return import(path.join(path.dirname(manifest), exports['.']['@fleetgate/source']));
}
