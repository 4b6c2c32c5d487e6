import type { AddressInfo } from 'node:net';
import { createServer, type Server, type Socket } from 'node:net';
import { BootError } from '../../src/boot/boot-error.ts';
import { checkDatabase } from '../../src/boot/database-check.ts';

type Answer = { version: number } | { refusal: string; message: string } | 'silence';

/** Speaks as much of PostgreSQL's protocol (3.0) as being asked for its version takes; one answer for each session, in turn. */
class Stand {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  sessions = 0;

  constructor(answers: readonly [Answer, ...Answer[]]) {
    this.#server = createServer((socket) => {
      const answer = answers[Math.min(this.sessions, answers.length - 1)] as Answer;
      this.sessions += 1;
      this.#sockets.add(socket);
      socket.on('error', () => {});
      let greeted = false;
      socket.on('data', () => {
        if (answer === 'silence') return;
        if ('refusal' in answer) {
          const fields = `SFATAL\0VFATAL\0C${answer.refusal}\0M${answer.message}\0\0`;
          socket.end(message('E', Buffer.from(fields)));
        } else if (!greeted) {
          greeted = true;
          socket.write(Buffer.concat([message('R', Buffer.alloc(4)), message('Z', Buffer.from('I'))]));
        } else {
          socket.write(Buffer.concat([...row(String(answer.version)), message('Z', Buffer.from('I'))]));
        }
      });
    });
  }

  async url(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `postgres://fleetgate:hunter2@127.0.0.1:${(this.#server.address() as AddressInfo).port}/inventory`;
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }
}

function message(kind: string, body: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.write(kind);
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

function row(text: string): Buffer[] {
  const name = Buffer.from('server_version_num\0');
  const column = Buffer.alloc(18); // table, attribute, type 25 (text), length, modifier, format
  column.writeInt32BE(25, 6);
  column.writeInt16BE(-1, 10);
  column.writeInt32BE(-1, 12);
  const value = Buffer.alloc(6);
  value.writeInt16BE(1);
  value.writeInt32BE(text.length, 2);
  return [
    message('T', Buffer.concat([Buffer.from([0, 1]), name, column])),
    message('D', Buffer.concat([value, Buffer.from(text)])),
    message('C', Buffer.from('SHOW\0')),
  ];
}

let stand: Stand | undefined;
afterEach(() => stand?.close());

async function failure(...answers: [Answer, ...Answer[]]): Promise<string | undefined> {
  stand = new Stand(answers);
  const patience = { look: answers[0] === 'silence' ? 200 : 5_000, startUp: 30_000 };
  const outcome = await checkDatabase(await stand.url(), patience).catch((error: unknown) => error);
  if (outcome === undefined) return undefined;
  expect(outcome).toBeInstanceOf(BootError);
  expect((outcome as BootError).message).not.toMatch(/hunter2|\n/);
  return (outcome as BootError).message;
}

it.each([150000, 150020, 180004])('takes %i', async (version) => {
  expect(await failure({ version })).toBeUndefined();
});

it.each([
  [140019, 'the database is PostgreSQL 14: version 15 or later is needed'],
  [90624, 'the database is PostgreSQL 9: version 15 or later is needed'],
])('refuses %i', async (version, message) => {
  expect(await failure({ version })).toBe(message);
});

it.each([
  ['28P01', 'password authentication failed for user "fleetgate"', /refuses the user or the password/],
  ['28000', 'no pg_hba.conf entry for host', /refuses the user or the password/],
  ['3D000', 'database "inventory" does not exist', /^database "inventory" does not exist: create it/],
  ['42501', 'permission denied for database "inventory"', /the right to connect/],
  ['53300', 'sorry, too many clients already', /raise max_connections/],
  ['XX000', 'out of luck', /^the database cannot be reached \(out of luck\): check FLEETGATE_DATABASE_URL/],
])('explains %s', async (refusal, message, words) => {
  expect(await failure({ refusal, message })).toMatch(words);
});

it('waits for a server that says it is starting up', async () => {
  const startingUp = { refusal: '57P03', message: 'the database system is starting up' };
  expect(await failure(startingUp, startingUp, { version: 180004 })).toBeUndefined();
  expect(stand?.sessions).toBe(3);
});

it('does not wait for ever for one that says nothing', async () => {
  expect(await failure('silence')).toMatch(/^the database cannot be reached \(.*timeout.*\)/);
});
