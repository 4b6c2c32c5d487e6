// node make-secrets.mjs FOLDER: writes the secrets of docker/compose.yaml that are not there yet.
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const folder = process.argv[2];
const keep = (name, make) => {
  const file = join(folder, name);
  // Readable for the users of the containers that it is mounted into, which differ; nobody else has the volume.
  if (!existsSync(file)) writeFileSync(file, make(), { mode: 0o444, flag: 'wx' });
  return readFileSync(file, 'utf8');
};

chmodSync(folder, 0o755);
const password = keep('database-password', () => randomBytes(24).toString('base64url'));
keep('database-url', () => `postgres://fleetgate:${password}@database:5432/fleetgate`);
keep('secret-key', () => randomBytes(32).toString('base64'));
keep('root-key', () => `fg_root_${randomBytes(32).toString('base64url')}`);
