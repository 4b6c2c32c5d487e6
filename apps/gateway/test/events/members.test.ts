import { type Caller, dataOf, World } from '../access/world.ts';
import { eventually, type Stack, startStack } from '../e2e/stack.ts';

interface TeamEvent {
  readonly type: string;
  readonly requestId: string | null;
  readonly data: {
    team: { id: string; slug: string; member: { id: string; user_name: string; role: string } };
  };
}

let stack: Stack;
let world: World;
let edge: { id: string };
let ada: Caller;
let stranger: Caller;

beforeAll(async () => {
  stack = await startStack([]);
  world = new World(stack);
  edge = await world.team('edge');
  await world.team('core');
  ada = await world.member(edge.id, 'ada@edge', 'owner');
  stranger = await world.key('core');
});
afterAll(() => stack?.close());

const told = async (caller: Caller) => dataOf<TeamEvent[]>(await caller.ask('/v1/events?type=team.*'));
const summary = ({ type, data }: TeamEvent) => `${type} ${data.team.slug} ${data.team.member.user_name}`;

it('tells a team, and nobody else, who comes and who goes, with the request that did it', async () => {
  const { id } = await world.made<{ id: string }>(
    `/v1/teams/${edge.id}/members`,
    { user_name: 'bob@edge', role: 'viewer', password: 'correct horse battery' },
    { key: ada.credential, headers: { 'x-request-id': 'adds-bob-1' } },
  );
  const gone = await ada.ask(`/v1/teams/${edge.id}/members/${id}`, {
    method: 'DELETE',
    headers: { 'x-request-id': 'removes-bob-1' },
  });
  expect(gone.status).toBe(204);
  await eventually('all is told', async () => (await told(ada)).length === 3);
  const events = await told(ada);
  expect(events.map(summary)).toEqual([
    'team.member_added edge ada@edge',
    'team.member_added edge bob@edge',
    'team.member_removed edge bob@edge',
  ]);
  expect(events.slice(1).map(({ requestId }) => requestId)).toEqual(['adds-bob-1', 'removes-bob-1']);
  expect(events[2]?.data.team).toMatchObject({ id: edge.id, member: { id, role: 'viewer' } });
  expect(await told(stranger)).toEqual([]);
  // What is refused is not told.
  const refused = await ada.ask(`/v1/teams/${edge.id}/members/${id}`, { method: 'DELETE' });
  expect(refused.status).toBe(404);
});

it('tells whoever makes a team that it is its first member', async () => {
  const { id } = await world.made<{ id: string }>(
    '/v1/teams',
    { name: 'Ada’s', slug: 'adas' },
    { key: ada.credential },
  );
  await eventually('it is told', async () => (await told(ada)).length === 4);
  const last = (await told(ada)).at(-1) as TeamEvent;
  expect(last).toMatchObject({
    type: 'team.member_added',
    data: { team: { id, member: { id: ada.id, role: 'owner' } } },
  });
});
