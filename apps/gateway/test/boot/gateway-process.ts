import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { ParentMessage, ReadyFacts } from '../../src/boot/parent.ts';

export interface GatewayProcess {
  readonly child: ChildProcess;
  readonly messages: ParentMessage[];
  /** everything written so far */
  output(): string;
  errors(): string;
  /** Resolves to what it says when it is ready; rejects with all that it has said when it ends before. */
  ready(): Promise<ReadyFacts>;
  /** Resolves to the exit code, or the name of the signal that ended it. */
  ended: Promise<number | string>;
}

interface Options {
  readonly env: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
  /** false: nobody listens to what it says over IPC */
  readonly launched?: boolean;
  /** what Node runs, and its own flags before that; default: `gateway.mjs`, from source */
  readonly program?: readonly string[];
}

const fromSource = [
  '--experimental-transform-types',
  '--conditions=@fleetgate/source',
  '--disable-warning=ExperimentalWarning',
  join(__dirname, 'gateway.mjs'),
];

/** Starts a gateway as a process of its own, with nothing of our environment but the path. */
export function startGateway({
  env,
  args = [],
  launched = true,
  program = fromSource,
}: Options): GatewayProcess {
  const child = spawn(process.execPath, [...program, ...args], {
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'pipe', ...(launched ? (['ipc'] as const) : [])],
  });
  const messages: ParentMessage[] = [];
  let output = '';
  let errors = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  child.on('message', (message) => messages.push(message as ParentMessage));
  // Not its `close` event: that one does not come once we have left the IPC channel.
  const exit = new Promise<number | string>((resolve) => {
    child.once('exit', (code, signal) => resolve(code ?? (signal as string)));
  });
  const silent = [child.stdout, child.stderr].map((stream) => once(stream as Readable, 'close'));
  const ended = Promise.all([exit, ...silent]).then(([how]) => how);
  const said = () => JSON.stringify({ messages, output, errors }, null, 2);
  return {
    child,
    messages,
    output: () => output,
    errors: () => errors,
    ended,
    ready: () =>
      new Promise((resolve, reject) => {
        child.on('message', (message: ParentMessage) => {
          if (message.type === 'ready') resolve(message);
        });
        void ended.then((how) => reject(new Error(`it ended with ${how}: ${said()}`)));
      }),
  };
}
