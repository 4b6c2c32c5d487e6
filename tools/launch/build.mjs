import { join } from 'node:path';
import { runQuietly } from './commands.mjs';
import { toolFailure } from './failure.mjs';

/** Builds the two programs and what they need; nx brings what did not change out of its cache. */
export async function build(root, env, onLine) {
  const tell = (line) => {
    const [, project] = /nx run (\S+):build/.exec(line) ?? [];
    if (project !== undefined) onLine(project);
  };
  const { code, output } = await runQuietly(
    join(root, 'node_modules/.bin/nx'),
    [
      'run-many',
      '-t',
      'build',
      '--projects=@fleetgate/gateway,@fleetgate/sandbox-app',
      '--output-style=static',
    ],
    { cwd: root, env: { ...env, NX_DAEMON: 'false', NX_TUI: 'false', FORCE_COLOR: '0' }, onLine: tell },
  );
  if (code !== 0) throw toolFailure('build', output, code);
}
