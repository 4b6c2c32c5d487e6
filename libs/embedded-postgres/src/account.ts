import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { explainSpawnError } from './binaries.ts';
import { EmbeddedPostgresError } from './error.ts';

/** Under which account PostgreSQL runs. It refuses to run as root. */
export interface Account {
  /** Put before the command. */
  prefix: readonly string[];
  /** Given to spawn; empty: our own. */
  ids: { uid?: number; gid?: number };
}

export const nobody = 65534;

const ourselves: Account = { prefix: [], ids: {} };

/** A user namespace in which root is user 1000: for paths that only root may walk. The files stay root's outside. */
const namespaced: Account = {
  prefix: ['unshare', '--user', '--map-user=1000', '--map-group=1000'],
  ids: {},
};

/**
 * Not root: ourselves. Root: whoever owns the data already, else nobody, else (the paths are private to root) root in a
 * user namespace.
 *
 * @param program is run with `--version` to see whether the account reaches it
 * @param folder must be passable for the account
 * @param data may not exist yet
 */
export function chooseAccount(program: string, folder: string, data: string): Account {
  if (process.getuid?.() !== 0) return ourselves;
  const owner = statSync(data, { throwIfNoEntry: false });
  const wanted =
    owner === undefined ? { uid: nobody, gid: nobody } : { uid: owner.uid, gid: owner.gid || owner.uid };
  if (wanted.uid !== 0 && reaches(wanted, program, folder)) return { prefix: [], ids: wanted };
  if ((owner === undefined || owner.uid === 0) && mayNamespace(program)) return namespaced;
  const asRoot = spawnSync(program, ['--version'], { cwd: '/' });
  if (asRoot.error !== undefined) throw explainSpawnError(asRoot.error);
  throw new EmbeddedPostgresError(
    'root_refused',
    `PostgreSQL refuses to run as root, and user ${wanted.uid || nobody} may not enter ${folder} or the folder of its program: start as an ordinary user, or open both (chmod o+x).`,
  );
}

function reaches(ids: { uid: number; gid: number }, program: string, folder: string): boolean {
  const script = '"$1" --version >/dev/null 2>&1 && test -x "$2"';
  return spawnSync('/bin/sh', ['-c', script, 'sh', program, folder], { ...ids, cwd: '/' }).status === 0;
}

function mayNamespace(program: string): boolean {
  const [command = '', ...options] = namespaced.prefix;
  return spawnSync(command, [...options, program, '--version'], { cwd: '/' }).status === 0;
}
