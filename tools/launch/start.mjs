// npm start: installs, builds, and runs the sandbox and the gateway until Ctrl-C. Plain Node 20, no dependency.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { banner } from './banner.mjs';
import { build } from './build.mjs';
import { endCommands } from './commands.mjs';
import { Failure } from './failure.mjs';
import { House } from './house.mjs';
import { install } from './install.mjs';
import { chooseNode } from './node-version.mjs';
import { Progress, painter } from './progress.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const stopLimitMs = 15_000;
/** npm passes the Ctrl-C on that the terminal gave us too: two signals, one wish. */
const oneWishMs = 700;

const usage = `Usage: npm start [-- --help | --version]

Installs and builds what is pinned, then runs the gateway over a sandbox of five emulated upstreams.

  FLEETGATE_SANDBOX        on, or off: no sandbox; by default it is on unless FLEETGATE_CONFIG is set
  FLEETGATE_SANDBOX_PORT   port of the first upstream, the others follow (8180; 0: any free ports)
  FLEETGATE_SANDBOX_SCALE  about how many objects each upstream holds, 10 to 100000 (60)
  FLEETGATE_SANDBOX_SEED   same seed, same objects (fleetgate)
  FLEETGATE_LOG_LEVEL      warn here, so that the banner stays in sight; info shows every request
`;

const progress = new Progress(process.stdout, process.env);
const paint = painter(process.stdout, process.env);
let house;
let firstWish;
let outcome;

const [flag, ...more] = process.argv.slice(2);
if (more.length > 0 || ![undefined, '--help', '-h', '--version'].includes(flag)) {
  process.stderr.write(`npm start knows --help and --version, not ${[flag, ...more].join(' ')}\n`);
  process.exit(2);
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, onWish);
// A terminal that is gone cannot be written to; what runs must still be stopped in order.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});

try {
  const node = chooseNode(root);
  await step('install', (onLine) => install(root, onLine));
  await step('build', (onLine) => build(root, node.env, onLine));
  if (flag === undefined) {
    house = new House({ root, node, progress, onDeath });
    const ready = await house.start();
    if (outcome === undefined) progress.say(banner(ready, paint));
  } else {
    process.exit(tell(node));
  }
} catch (error) {
  // What breaks because it is being stopped is no failure.
  if (outcome === undefined) await end(1, () => report(error));
}

async function step(name, work) {
  progress.begin(name);
  const done = await work((line) => progress.note(line, { minor: true }));
  if (outcome !== undefined) throw new Failure('stopped');
  progress.done(done === false ? 'nothing to do' : '');
}

/** @returns the exit code */
function tell(node) {
  if (flag !== '--version') process.stdout.write(`\n${usage}\n`);
  const { status } = spawnSync(node.program, [join(root, 'apps/gateway/dist/main.js'), flag], {
    cwd: root,
    env: node.env,
    stdio: 'inherit',
  });
  return status ?? 1;
}

function onWish() {
  if (firstWish === undefined) {
    firstWish = performance.now();
    void end(0, () => progress.say('Stopping…'));
  } else if (performance.now() - firstWish > oneWishMs) {
    house?.kill();
    endCommands('SIGKILL');
    progress.say('Killed. The database is taken over at the next start.');
    process.exit(130);
  }
}

function onDeath(child, how) {
  void end(1, () =>
    process.stderr.write(`The ${child.name} ended unexpectedly (${how}); stopping the rest.\n`),
  );
}

/** Once: says why, stops everything in order, and exits. */
async function end(code, say) {
  if (outcome !== undefined) return;
  outcome = code;
  progress.fail();
  say();
  endCommands('SIGTERM');
  const inOrder = (await house?.stop(stopLimitMs)) ?? true;
  if (!inOrder)
    process.stderr.write(`Not everything ended within ${stopLimitMs / 1000} s; the rest was killed.\n`);
  process.exit(inOrder ? outcome : 1);
}

function report(error) {
  if (!(error instanceof Failure)) {
    process.stderr.write(`npm start met something unforeseen: ${error?.stack ?? error}\n`);
    return;
  }
  if (error.output !== '') process.stderr.write(`${error.output.trimEnd()}\n\n`);
  process.stderr.write(`${paint.red('Fleetgate did not start:')} ${error.message}\n`);
}
