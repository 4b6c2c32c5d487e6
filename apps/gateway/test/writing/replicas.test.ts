import { type Stack, startStack } from '../e2e/stack.ts';

let stack: Stack;
let other: Awaited<ReturnType<Stack['beside']>>;

beforeAll(async () => {
  stack = await startStack([{ slug: 'fm', upstream: 'fleet-manager', scale: 20 }]);
  await stack.reach('fresh');
  other = await stack.beside({ role: 'api' });
});
afterAll(() => stack?.close());

const send = (method: string, path: string, body?: object) =>
  stack.ask(path, {
    method,
    ...(body ? { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) } : {}),
  });
const shownBy = async (path: string) =>
  ((await other.ask(path)).body as { data: { name: string; description: string | null }[] }).data;

it('what one replica has written every other one shows at once, though it had the list ready', async () => {
  const spec = { source_config: 'type: Application\n' };
  for (let round = 1; round <= 15; round += 1) {
    const name = `seen-${round}-end`;
    const path = `/v1/projects?q=${name}`;
    for (const _ of [1, 2, 3]) expect(await shownBy(path)).toEqual([]); // asked for again: it is kept ready
    const made = await send('POST', '/v1/projects', { connection: 'fm', name, spec });
    expect((await shownBy(path)).map((one) => one.name)).toEqual([name]);
    const { id } = (made.body as { data: { id: string } }).data;
    await shownBy(path);
    await send('PATCH', `/v1/projects/${id}`, { description: 'new' });
    expect((await shownBy(path)).map(({ description }) => description)).toEqual(['new']);
    await send('DELETE', `/v1/projects/${id}`);
    expect(await shownBy(path)).toEqual([]);
  }
});
