import { helpText } from '../config/variables.ts';
import { type Config, loadConfig } from '../config.ts';
import { banner } from './banner.ts';
import { BootError } from './boot-error.ts';
import { explainBootFailure } from './failures.ts';
import { tellParent } from './parent.ts';
import { Shutdown, ShutdownBegun } from './shutdown.ts';
import { type CreateGateway, redactionOf, start } from './start.ts';
import { version } from './version.ts';

/** How long each part may take to end, in milliseconds: the requests under way are what takes that long. */
const patience = 20_000;

/** Boots the gateway as a program: from the environment to answering, and down again on a signal. */
export async function run(create: CreateGateway): Promise<void> {
  const [argument] = process.argv.slice(2);
  if (argument === '--help' || argument === '-h') return void process.stdout.write(helpText());
  if (argument === '--version') return void process.stdout.write(`${version()}\n`);

  const shutdown = new Shutdown({ patienceMs: patience });
  shutdown.listen();
  let config: Config | undefined;
  try {
    if (argument !== undefined) throw unknownArgument(argument);
    await tellParent({ type: 'progress', step: 'configuration' });
    config = loadConfig({ env: process.env, cwd: process.cwd() });
    const onProgress = (step: string) => void tellParent({ type: 'progress', step });
    const ready = await start(config, create, { shutdown, onProgress });
    const told = await tellParent({ type: 'ready', ...ready });
    if (!told && process.stdout.isTTY) process.stdout.write(banner(ready));
  } catch (error) {
    // What fails because of a signal during boot is no failure.
    if (error instanceof ShutdownBegun || shutdown.begun) return;
    const message = explainBootFailure(error, config) ?? unforeseen(error);
    await tellFailure(config ? redactionOf(config).text(message) : message);
    await shutdown.end(1, 'failed to start');
  }
}

function unknownArgument(argument: string): BootError {
  return new BootError(`unknown argument ${argument}: settings come by environment, --help prints them`);
}

/** Not every parent with an IPC channel is our launcher: a process manager has one too, and shows standard error only. */
async function tellFailure(message: string): Promise<void> {
  const told = await tellParent({ type: 'failed', message });
  if (!told || process.env['FLEETGATE_LAUNCHED'] !== '1') process.stderr.write(`${message}\n`);
}

function unforeseen(error: unknown): string {
  return `the gateway could not start: ${error instanceof Error ? error.stack : String(error)}`;
}
