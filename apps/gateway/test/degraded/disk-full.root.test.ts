import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '@fleetgate/embedded-postgres';
import { ErrorBody } from '@fleetgate/model';
import { eventually, type Stack, startStack, syncsGoOn } from '../e2e/stack.ts';

/** The embedded PostgreSQL, on a disk of its own that can be filled. */
let disk: string;
let server: EmbeddedPostgres;
let stack: Stack;
beforeAll(async () => {
  disk = mkdtempSync(join(tmpdir(), 'fleetgate-disk-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256m,mode=0711', 'tmpfs', disk]);
  server = await startEmbeddedPostgres({
    dataDir: join(disk, 'postgres'),
    settings: { min_wal_size: '32MB', max_wal_size: '64MB' },
  });
  const { host, port, user, database } = server;
  stack = await startStack(
    [{ slug: 'chime', upstream: 'chimestack', scale: 20, syncIntervalMs: 1000 }],
    {},
    undefined,
    async () => ({ host, port, user, database, poolSize: 6 }),
  );
  await stack.reach('fresh');
});
afterAll(async () => {
  await stack?.close();
  await server?.stop();
  execFileSync('umount', [disk]);
  rmSync(disk, { recursive: true });
});

const made: string[] = [];
async function makeTeam() {
  const name = `team ${made.length} ${'x'.repeat(50)}`;
  const answer = await stack.ask('/v1/teams', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name }),
  });
  if (answer.status === 201) made.push(name);
  return answer;
}

/** Takes what room there is; what to call for it to be free again. */
function fill(): () => void {
  const path = join(disk, 'filler');
  const file = openSync(path, 'w');
  for (let size = 2 ** 20; size >= 1; size = Math.floor(size / 2)) {
    try {
      for (;;) if (writeSync(file, Buffer.alloc(size)) < size) break;
    } catch (error) {
      expect(error).toMatchObject({ code: 'ENOSPC' });
    }
  }
  closeSync(file);
  return () => rmSync(path);
}

it('a full disk: what is to be stored is refused with 503, reads go on, nothing is lost, and all is well when there is room', async () => {
  expect((await makeTeam()).status).toBe(201);
  const free = fill();
  let refused = await makeTeam();
  // Pages that are there have some room left.
  for (let n = 0; n < 5000 && refused.status === 201; n++) refused = await makeTeam();
  expect(refused.status).toBe(503);
  expect(Number(refused.headers['retry-after'])).toBeGreaterThanOrEqual(1);
  expect(ErrorBody.parse(refused.body).error).toMatchObject({
    code: 'incomplete',
    message: 'the disk of the database is full',
  });
  expect(stack.log.some((line) => line.includes('the disk of the database is full: free some space'))).toBe(
    true,
  );
  for (const path of [
    '/v1/clusters?limit=3',
    '/v1/clusters?q=a',
    '/v1/teams',
    '/v1/connections',
    '/livez',
    '/readyz',
  ])
    expect([path, (await stack.ask(path)).status]).toEqual([path, 200]);

  free();
  await eventually('teams can be made again', async () => (await makeTeam()).status === 201);
  await syncsGoOn(stack, 'chime');
  const stored = await stack.sql<{ name: string }>('SELECT name FROM team');
  expect(stored.map(({ name }) => name)).toEqual(expect.arrayContaining(made));
  expect(stack.log.filter((line) => line.includes('"msg":"unforeseen failure"'))).toEqual([]);
});
