import { setTimeout as sleep } from 'node:timers/promises';
import { Shutdown, ShutdownBegun } from '../../src/boot/shutdown.ts';

function begin(patienceMs = 10_000) {
  const codes: number[] = [];
  const order: string[] = [];
  const shutdown = new Shutdown({ exit: (code) => void codes.push(code), patienceMs });
  const part = (name: string) => shutdown.add(name, async () => void order.push(name));
  return { codes, order, shutdown, part };
}

it('ends what was started last first, and once, whoever asks', async () => {
  const { codes, order, shutdown, part } = begin();
  for (const name of ['database', 'sessions', 'gateway']) part(name);
  await Promise.all([shutdown.end(0, 'one'), shutdown.end(0, 'two')]);
  expect(order).toEqual(['gateway', 'sessions', 'database']);
  expect(codes).toEqual([0]);
});

it('goes on when a part fails to end, or does not end at all', async () => {
  const { codes, order, shutdown, part } = begin(50);
  part('first');
  shutdown.add('stuck', () => new Promise(() => {}));
  shutdown.add('broken', () => Promise.reject(new Error('no')));
  part('last');
  await shutdown.end(0, 'test');
  expect(order).toEqual(['last', 'first']);
  expect(codes).toEqual([0]);
});

it('exits with the worse of two codes', async () => {
  const { codes, shutdown, part } = begin();
  part('something');
  await Promise.all([shutdown.end(0, 'signal'), shutdown.end(1, 'failure')]);
  expect(codes).toEqual([1]);
});

it('takes a second signal for "now", but not the first one after a failure', async () => {
  const { codes, shutdown } = begin();
  shutdown.add('slow', () => sleep(30));
  const ended = shutdown.end(1, 'failure');
  shutdown.signalled('SIGTERM');
  expect(codes).toEqual([]);
  shutdown.signalled('SIGTERM');
  expect(codes).toEqual([130]);
  await ended;
});

describe('what is still starting', () => {
  it('is ended as soon as it stands, and the boot goes no further', async () => {
    const { codes, order, shutdown, part } = begin();
    part('before');
    const server = Promise.withResolvers<string>();
    const starting = shutdown.starting('server', server.promise, async (name) => void order.push(name));
    const ended = shutdown.end(0, 'signal');
    const begun = expect(starting).rejects.toBeInstanceOf(ShutdownBegun);
    server.resolve('server');
    await Promise.all([begun, ended]);
    expect(order).toEqual(['server', 'before']);
    expect(codes).toEqual([0]);
    expect(() => shutdown.assertNotBegun()).toThrow(ShutdownBegun);
  });

  it('and fails is not ended', async () => {
    const { order, shutdown, part } = begin();
    part('before');
    const failure = new Error('no');
    await expect(
      shutdown.starting('server', Promise.reject(failure), async () => void order.push('server')),
    ).rejects.toBe(failure);
    await shutdown.end(1, 'failure');
    expect(order).toEqual(['before']);
  });
});
