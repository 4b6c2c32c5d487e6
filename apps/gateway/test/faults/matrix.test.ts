import { setTimeout as sleep } from 'node:timers/promises';
import { upstreamNames } from '@fleetgate/sandbox';
import { Cell, type Met } from './matrix/cell.ts';
import { faultRows } from './matrix/expectations.ts';
import { Fleet, type Member } from './matrix/fleet.ts';
import { Neighbours } from './matrix/neighbours.ts';
import { type Line, table } from './matrix/table.ts';

/** Reads of each kind in every cell: `npm run chaos -- faults` asks for more, and has one cell sick at a time. */
const reads = Number(process.env['FLEETGATE_TEST_FAULT_READS'] ?? 1);
const isLong = reads > 1;

const slugOf = (text: string) => text.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
const neighbours: Member[] = upstreamNames.map((provider) => ({
  slug: `well-${provider}`,
  provider,
  attemptMs: 9_000,
}));
const sick = faultRows.flatMap((row) =>
  upstreamNames.map((provider) => {
    const { origin, attemptMs } = row;
    const address = 'address' in origin ? { address: origin.address } : {};
    return { row, member: { slug: `${slugOf(row.name)}-${provider}`, provider, attemptMs, ...address } };
  }),
);

const fleet = new Fleet([...neighbours, ...sick.map(({ member }) => member)], 20);
const cells = sick.map(({ row, member }) => new Cell(fleet, row, member, reads));
const others = new Neighbours(fleet, neighbours);
const figures = new Map<Cell, { before: number; meanwhile: number }>();
const byAddress = (cell: Cell) => cell.member.address !== undefined;
const inTime = isLong ? 3_600_000 : 240_000;

beforeAll(async () => {
  await fleet.open();
  await fleet.fresh([...neighbours, ...sick.map(({ member }) => member)].map(({ slug }) => slug));
  await Promise.all(cells.map((cell) => cell.learn()));
}, inTime);
afterAll(() => fleet.close());

it(
  `${faultRows.length} faults at ${upstreamNames.length} platforms`,
  async () => {
    await fleet.restart({ sick: true });
    await others.start();
    if (isLong) for (const cell of cells) await alone(cell);
    else await allAtOnce();
    await others.stop();
    await fleet.restart({ sick: false });
    await Promise.all(cells.filter(byAddress).map((cell) => cell.recover()));

    process.stdout.write(`${report()}\n`);
    const wrong = cells
      .flatMap(({ met }) => met)
      .filter(({ broken }) => broken)
      .map(told);
    expect(wrong).toEqual([]);
    expect(others.wrong).toEqual([]);
  },
  inTime,
);

/** One connection is sick, and all others are well. */
async function alone(cell: Cell): Promise<void> {
  others.take();
  await sleep(1_500);
  const before = others.take().p99;
  await cell.suffer();
  figures.set(cell, { before, meanwhile: others.take().p99 });
  if (!byAddress(cell)) await cell.recover();
}

async function allAtOnce(): Promise<void> {
  await sleep(1_000);
  const before = others.take().p99;
  await Promise.all(cells.map((cell) => cell.suffer()));
  const figure = { before, meanwhile: others.take().p99 };
  for (const cell of cells) figures.set(cell, figure);
  await Promise.all(cells.filter((cell) => !byAddress(cell)).map((cell) => cell.recover()));
}

function report(): string {
  const line = (name: string, of: readonly Cell[]): Line => {
    const [first] = of as [Cell];
    const measured = figures.get(first);
    return {
      name,
      deadlineMs: first.row.deadlineMs,
      met: of.flatMap(({ met }) => met),
      ...(measured ? { others: measured } : {}),
    };
  };
  const lines = isLong
    ? cells.map((cell) => line(`${cell.row.name}, ${cell.member.provider}`, [cell]))
    : faultRows.map((row) =>
        line(
          row.name,
          cells.filter((cell) => cell.row === row),
        ),
      );
  return table(lines, `What callers meet, and the longest they wait, at ${upstreamNames.join(', ')}`);
}

const told = ({ row, provider, call, outcome, broken }: Met) =>
  `${row.name}, ${provider}, ${call}: ${outcome}: ${broken}`;
