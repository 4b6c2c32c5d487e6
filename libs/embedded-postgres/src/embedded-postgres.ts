import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, realpathSync } from 'node:fs';
import { connect } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Account, chooseAccount } from './account.ts';
import { type Binaries, explainSpawnError, prepareBinaries } from './binaries.ts';
import { EmbeddedPostgresError, explainFileError, explainOutput } from './error.ts';
import { dataVersion, initialise, serverEnvironment } from './initialise.ts';
import { boundLog, logTail, openLog } from './log-file.ts';
import { isOwned, type Ownership, takeOwnership } from './owner.ts';
import { disarmStaleLock, livePostmaster, type Postmaster, shutDown } from './postmaster.ts';
import { type ServerSettings, serverArguments } from './settings.ts';
import { prepareSocketFolder, removeFarSocketFolder } from './socket-folder.ts';

export interface EmbeddedPostgresOptions {
  /** A folder for this alone; made when absent. Gets `data/`, `run/` (the socket), `postgres.log`, `owner.json`. */
  dataDir: string;
  /** False: faster, and a crash of the machine may lose everything; for tests. Default true. */
  durable?: boolean;
  /** Default 60. */
  maxConnections?: number;
  /** Further PostgreSQL settings by their own names; they win over ours, except for where the server listens. */
  settings?: ServerSettings;
  /** Gets one short line per step that takes time. */
  onProgress?: (step: string) => void;
  /** How long to wait for another live process to let go of the folder, in ms, before `in_use`. Default 8000. */
  patienceMs?: number;
}

export interface EmbeddedPostgres {
  /** The folder of the unix socket: what `pg` takes as host. No TCP port is open. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
  /** The server was left running by a killed process and has been taken over, with the settings it was started with. */
  readonly adopted: boolean;
  readonly pid: number;
  /** Ends the server in order and resolves when it is gone; calling again gives the same promise. */
  stop(): Promise<void>;
}

const port = 5432;
/** Recovery after a crash reads up to max_wal_size; minutes mean that something is wrong. */
const startLimitMs = 300_000;
/** Orphaned backends of a killed server notice its death and leave within a second or two. */
const attempts = 60;
const pauseMs = 250;

interface Place {
  folder: string;
  data: string;
  logFile: string;
  socketFolder: string;
  account: Account;
  binaries: Binaries;
}

/**
 * Starts the PostgreSQL that npm brought along, or adopts the one that a killed process left running on these data.
 * Only one living process at a time may hold a `dataDir`.
 *
 * The server is in a session of its own: a Ctrl-C in the terminal does not reach it, so that its owner stops it in
 * order. When the owner is killed it runs on, and is adopted at the next start.
 *
 * @throws EmbeddedPostgresError with one line that says what to do
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const { dataDir, patienceMs = 8_000, onProgress = () => {} } = options;
  const binaries = prepareBinaries();
  let ownership: Ownership | undefined;
  try {
    const folder = makeFolder(resolve(dataDir));
    const data = join(folder, 'data');
    const account = chooseAccount(binaries.postgres, folder, data);
    ownership = await takeOwnership(folder, patienceMs, (pid) =>
      onProgress(`waiting for process ${pid} to let go of ${folder}`),
    );
    await provideData(folder, account, binaries, options.durable ?? true, onProgress);
    const place: Place = {
      folder,
      data,
      logFile: join(folder, 'postgres.log'),
      socketFolder: prepareSocketFolder(folder, port, account),
      account,
      binaries,
    };
    return await serve(place, options, onProgress, ownership);
  } catch (error) {
    ownership?.release();
    throw explainFileError(error, resolve(dataDir));
  }
}

/** Where the server listens that another living process started on these data; undefined: there is none. */
export function findEmbeddedPostgres(
  dataDir: string,
): Pick<EmbeddedPostgres, 'host' | 'port' | 'user' | 'database'> | undefined {
  const folder = resolve(dataDir);
  if (!isOwned(folder)) return undefined;
  const server = livePostmaster(join(folder, 'data'));
  if (server?.status !== 'ready') return undefined;
  return { host: server.socketFolder, port: server.port, user: 'postgres', database: 'postgres' };
}

function makeFolder(path: string): string {
  // As root the server runs under another account, which must be able to pass.
  mkdirSync(path, { recursive: true, mode: process.getuid?.() === 0 ? 0o711 : 0o700 });
  return realpathSync(path);
}

async function provideData(
  folder: string,
  account: Account,
  binaries: Binaries,
  durable: boolean,
  onProgress: (step: string) => void,
): Promise<void> {
  const version = dataVersion(folder);
  if (version === undefined) {
    onProgress('creating the database');
    await initialise(binaries.initdb, folder, account, durable);
  } else if (version !== binaries.majorVersion) {
    throw new EmbeddedPostgresError(
      'foreign_data',
      `${folder} was written by PostgreSQL ${version} and this is ${binaries.majorVersion}: choose another data folder with FLEETGATE_DATA_DIR, or serve it with PostgreSQL ${version} and set FLEETGATE_DATABASE_URL.`,
    );
  }
}

async function serve(
  place: Place,
  options: EmbeddedPostgresOptions,
  onProgress: (step: string) => void,
  ownership: Ownership,
): Promise<EmbeddedPostgres> {
  for (let attempt = 1; ; attempt += 1) {
    const left = await settled(place.data, onProgress);
    if (left !== undefined) return describe(left, true, place, ownership);
    if (await answers(join(place.socketFolder, `.s.PGSQL.${port}`))) {
      throw new EmbeddedPostgresError(
        'in_use',
        `A PostgreSQL runs on ${place.data} though its postmaster.pid is gone: end that process, then start again.`,
      );
    }
    disarmStaleLock(place.data, place.socketFolder, port);
    onProgress('starting PostgreSQL');
    const server = await launch(place, options);
    if (server !== undefined) return describe(server, false, place, ownership);
    const output = logTail(place.logFile);
    const mayPass = /pre-existing shared memory block|lock file ".*" already exists/.test(output);
    if (!mayPass || attempt >= attempts) {
      throw explainOutput('PostgreSQL', output, place.folder, place.logFile);
    }
    await sleep(pauseMs);
  }
}

/** Waits for a server that is found on the data to be ready, or gone (undefined). */
async function settled(data: string, onProgress: (step: string) => void): Promise<Postmaster | undefined> {
  const limit = AbortSignal.timeout(startLimitMs);
  let told: Postmaster['status'] | undefined;
  for (;;) {
    const server = livePostmaster(data);
    if (server === undefined) return undefined;
    if (server.status !== told) onProgress(noticeOf(server));
    told = server.status;
    if (server.status === 'ready') return server;
    if (limit.aborted) {
      throw new EmbeddedPostgresError(
        'in_use',
        `PostgreSQL (process ${server.pid}) on ${data} has been ${server.status} for minutes: end it, then start again.`,
      );
    }
    await sleep(20);
  }
}

function noticeOf({ pid, status }: Postmaster): string {
  return status === 'ready'
    ? `taking over the PostgreSQL left running (process ${pid})`
    : `waiting for the PostgreSQL left running (process ${pid}, ${status})`;
}

/** Undefined when the server ended before it was ready; its log says why. */
async function launch(place: Place, options: EmbeddedPostgresOptions): Promise<Postmaster | undefined> {
  const { durable = true, maxConnections = 60, settings = {} } = options;
  const { account, binaries, data, socketFolder, logFile, folder } = place;
  const [command = binaries.postgres, ...rest] = [
    ...account.prefix,
    binaries.postgres,
    ...serverArguments(data, socketFolder, port, { durable, maxConnections, settings }),
  ];
  const log = openLog(logFile);
  let end: Error | 'exited' | undefined;
  const child = spawn(command, rest, {
    ...account.ids,
    cwd: '/',
    detached: true,
    env: serverEnvironment(data),
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  child.once('error', (error) => {
    end = explainSpawnError(error);
  });
  child.once('exit', () => {
    end ??= 'exited';
  });
  child.unref();
  const limit = AbortSignal.timeout(startLimitMs);
  while (end === undefined) {
    const server = livePostmaster(data);
    if (server?.pid === child.pid && server?.status === 'ready') return server;
    if (limit.aborted) {
      if (server !== undefined) await shutDown(server);
      throw new EmbeddedPostgresError(
        'failed',
        `PostgreSQL in ${folder} was not ready after ${startLimitMs / 60_000} minutes; its log: ${logFile}`,
      );
    }
    await sleep(10);
  }
  if (end instanceof Error) throw end;
  return undefined;
}

function describe(
  server: Postmaster,
  adopted: boolean,
  { folder, logFile }: Place,
  ownership: Ownership,
): EmbeddedPostgres {
  const unbound = boundLog(logFile);
  let stopped: Promise<void> | undefined;
  const end = async () => {
    try {
      await shutDown(server);
    } finally {
      unbound();
      removeFarSocketFolder(server.socketFolder, folder);
      ownership.release();
    }
  };
  return {
    host: server.socketFolder,
    port: server.port,
    user: 'postgres',
    database: 'postgres',
    adopted,
    pid: server.pid,
    stop: () => {
      stopped ??= end();
      return stopped;
    },
  };
}

function answers(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = connect(socket);
    connection.once('connect', () => {
      connection.destroy();
      resolve(true);
    });
    connection.once('error', () => resolve(false));
  });
}
