import { type Stack, startStack } from '../e2e/stack.ts';
import { type Caller, dataOf, errorOf, password, World } from './world.ts';

let stack: Stack;
let world: World;
let team: { id: string; slug: string };
let anna: Caller;

beforeAll(async () => {
  stack = await startStack([]);
  world = new World(stack);
  team = await world.team('edge', { plan: 'pro' });
  anna = await world.member(team.id, 'Anna@Example.com', 'developer');
});
afterAll(() => stack.close());

it('gives a token that tells who has it, and what they may do', async () => {
  const me = await anna.ask('/v1/me');
  expect(dataOf(me)).toMatchObject({
    kind: 'user',
    name: 'anna@example.com',
    team: { slug: 'edge', plan: 'pro' },
  });
  expect(dataOf(await stack.ask('/v1/me'))).toMatchObject({ kind: 'root', everything: true });
  void password;
  void errorOf;
});
