import { setTimeout as sleep } from 'node:timers/promises';
import { inParallel } from '../src/index.ts';

it('keeps the order of what was given, with at most eight under way', async () => {
  let under = 0;
  let most = 0;
  const results = await inParallel(
    Array.from({ length: 50 }, (_, index) => index),
    async (index) => {
      under++;
      most = Math.max(most, under);
      await sleep(index % 3);
      under--;
      return index * 2;
    },
  );
  expect(results).toEqual(Array.from({ length: 50 }, (_, index) => index * 2));
  expect(most).toBe(8);
});

it('begins nothing more after a failure, which is the outcome', async () => {
  const begun: number[] = [];
  const work = inParallel(
    Array.from({ length: 100 }, (_, index) => index),
    async (index) => {
      begun.push(index);
      await sleep(1);
      if (index === 3) throw new Error('three');
    },
  );
  await expect(work).rejects.toThrow('three');
  await sleep(20);
  expect(begun.length).toBeLessThan(30);
});
