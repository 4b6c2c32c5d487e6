import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';

const root = join(__dirname, '../../..');
const leftOut = new Set(['node_modules', 'dist', 'coverage', '.git', '.nx', '.fleetgate', '.data']);

export interface Ran {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** A copy of this house in a temporary folder, with what is installed here: what a test does to it concerns nobody else. */
export class House {
  readonly root = realpathSync(mkdtempSync(join(tmpdir(), 'fleetgate-kit-')));

  constructor() {
    cpSync(root, this.root, {
      recursive: true,
      filter: (path) => !leftOut.has(path.split('/').at(-1) ?? ''),
    });
    symlinkSync(join(root, 'node_modules'), join(this.root, 'node_modules'));
    for (const folder of packagesOf(root)) this.#link(folder, folder);
  }

  close(): void {
    rmSync(this.root, { recursive: true, force: true });
  }

  run(file: string, ...parameters: string[]): Ran {
    const { status, stdout, stderr } = spawnSync(process.execPath, [file, ...parameters], {
      cwd: this.root,
      encoding: 'utf8',
      env: environment(),
    });
    return { code: status, stdout, stderr };
  }

  /** The same, beside others. */
  async start(file: string, ...parameters: string[]): Promise<Ran> {
    const child = spawn(process.execPath, [file, ...parameters], { cwd: this.root, env: environment() });
    const ran: Ran = { code: null, stdout: '', stderr: '' };
    for (const stream of ['stdout', 'stderr'] as const) {
      child[stream].on('data', (chunk: Buffer) => {
        ran[stream] += chunk.toString();
      });
    }
    [ran.code] = (await once(child, 'close')) as [number | null];
    return ran;
  }

  /** What an install would do for new providers: they need what every provider needs. */
  link(...names: string[]): void {
    for (const name of names) {
      this.#link('libs/providers/palette', `libs/providers/${name}`);
      const link = join(this.root, `apps/gateway/node_modules/@fleetgate/provider-${name}`);
      symlinkSync(`../../../../libs/providers/${name}`, link);
    }
  }

  unlink(...names: string[]): void {
    for (const name of names) {
      rmSync(join(this.root, `apps/gateway/node_modules/@fleetgate/provider-${name}`));
    }
  }

  edit(file: string, before: string, after: string): void {
    const path = join(this.root, file);
    const text = readFileSync(path, 'utf8');
    if (!text.includes(before)) throw new Error(`${file} does not hold ${before}`);
    writeFileSync(path, text.replace(before, after));
  }

  discard(file: string): void {
    rmSync(join(this.root, file));
  }

  /** Every file of the copy by its path, as a hash of its bytes. */
  snapshot(): Record<string, string> {
    return Object.fromEntries(
      filesIn(this.root).map((path) => [
        relative(this.root, path),
        createHash('sha256').update(readFileSync(path)).digest('hex'),
      ]),
    );
  }

  /** The links are relative: in the copy they lead to the copies. */
  #link(from: string, to: string): void {
    const links = join(root, from, 'node_modules');
    if (existsSync(links)) {
      cpSync(links, join(this.root, to, 'node_modules'), { recursive: true, verbatimSymlinks: true });
    }
  }
}

function packagesOf(house: string): string[] {
  return ['apps', 'libs', 'libs/providers'].flatMap((top) =>
    readdirSync(join(house, top))
      .map((name) => `${top}/${name}`)
      .filter((folder) => existsSync(join(house, folder, 'package.json'))),
  );
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (leftOut.has(entry.name)) return [];
    return entry.isDirectory() ? filesIn(path) : [path];
  });
}

/** What runs in the copy is not counted a second time, and is read as plain text, whoever runs these tests. */
function environment(): NodeJS.ProcessEnv {
  const { FLEETGATE_TEST_TOTALS: _, ...others } = process.env;
  return { ...others, FORCE_COLOR: '0' };
}
