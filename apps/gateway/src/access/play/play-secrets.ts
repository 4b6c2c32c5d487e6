import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';
import { keyPrefix, newCredential } from '../credentials.ts';
import { playTeams } from './play-teams.ts';

const Secrets = z.object({ password: z.string(), keys: z.record(z.string(), z.string()) });
export type PlaySecrets = z.infer<typeof Secrets>;

/** The password and the keys to play with, for their owner's eyes only; made when there are none, the same ever after. */
export function keptPlaySecrets(file: string): PlaySecrets {
  if (existsSync(file)) return Secrets.parse(JSON.parse(readFileSync(file, 'utf8')));
  const secrets: PlaySecrets = {
    password: randomBytes(12).toString('base64url'),
    keys: Object.fromEntries(playTeams.map(({ slug }) => [slug, newCredential(keyPrefix)])),
  };
  mkdirSync(dirname(file), { recursive: true, mode: 0o711 });
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600 });
  renameSync(draft, file);
  return secrets;
}
