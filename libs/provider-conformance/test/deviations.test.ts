import { type ConformanceTest, conformanceTests, titleOf, withDeviations } from '../src/index.ts';
import { tinyOptions } from './tiny-options.ts';

const passing: ConformanceTest = { group: 'paging', name: 'ends', run: async () => undefined };
const failing: ConformanceTest = {
  group: 'paging',
  name: 'begins',
  run: async () => {
    throw new Error('it does not begin');
  },
};

function run(deviations: { test: string; reason: string }[]): Promise<string[]> {
  const tests = withDeviations([passing, failing], deviations);
  const outcomes = tests.map(async (test) => {
    try {
      await test.run();
      return [];
    } catch {
      return [titleOf(test)]; // the tests below say which ones they expect
    }
  });
  return Promise.all(outcomes).then((lists) => lists.flat());
}

const own = 'deviations › every deviation names one test and gives a reason';

describe('deviations', () => {
  it('leave the other tests as they are', async () => {
    expect(await run([])).toEqual(['paging › begins']);
  });

  it('turn a test that fails into one that passes, with the reason in its name', async () => {
    const deviations = [{ test: 'paging › begins', reason: 'the upstream has no beginning' }];
    expect(await run(deviations)).toEqual([]);
    expect(withDeviations([failing], deviations).map(titleOf)).toContain(
      'paging › begins (deviation: the upstream has no beginning)',
    );
  });

  it('fail the run when their test passes', async () => {
    const failed = await run([
      { test: 'paging › begins', reason: 'true' },
      { test: 'paging › ends', reason: 'not true any more' },
    ]);
    expect(failed).toEqual(['paging › ends (deviation: not true any more)']);
  });

  it.each([
    ['names no test', [{ test: 'paging › begin', reason: 'a slip of the pen' }]],
    ['gives no reason', [{ test: 'paging › begins', reason: ' ' }]],
    [
      'is named twice',
      [
        { test: 'paging › begins', reason: 'once' },
        { test: 'paging › begins', reason: 'twice' },
      ],
    ],
  ])('fail the run when one %s', async (_what, deviations) => {
    expect(await run(deviations)).toContain(own);
  });
});

describe('the list of tests', () => {
  it('has every name once', () => {
    const titles = conformanceTests(tinyOptions('session')).map(titleOf);
    expect(new Set(titles).size).toBe(titles.length);
  });

  it('has no test of a facet that the provider has not', () => {
    const titles = conformanceTests(tinyOptions('session')).map(titleOf);
    expect(titles.filter((title) => /releases|deployments/.test(title))).toEqual([]);
    expect(titles).toContain('clusters › list is not empty');
  });

  it('still tells what is wrong with an example that is refused', async () => {
    const options = tinyOptions('session');
    const definition = { ...options.definition, example: { baseUrl: 'nowhere' } as never };
    const tests = conformanceTests({ ...options, definition });
    const example = tests.find((test) => titleOf(test) === 'shape › the example is valid settings');
    await expect(example?.run()).rejects.toThrow('baseUrl');
  });

  it('asks for the word of tomorrow of every kind that has a status', async () => {
    const tests = conformanceTests({ ...tinyOptions('session'), kinds: {} });
    const test = tests.find((one) => titleOf(one).startsWith('clusters › a status word of tomorrow'));
    await expect(test?.run()).rejects.toThrow('kinds.cluster.unknownStatus');
  });

  it('leaves that test out where the upstream has no status word', () => {
    const tests = conformanceTests({
      ...tinyOptions('session'),
      kinds: { cluster: { unknownStatus: null } },
    });
    expect(tests.map(titleOf).filter((title) => title.startsWith('clusters › a status word'))).toEqual([]);
  });
});
