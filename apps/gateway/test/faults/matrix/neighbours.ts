import { setTimeout as sleep } from 'node:timers/promises';
import type { Fleet, Member } from './fleet.ts';
import { waysOf } from './platforms.ts';

/** Milliseconds between two reads of one neighbour. */
const pause = 15;

/** Reads connections to which nothing happens, all the time: a list, and one resource live. */
export class Neighbours {
  /** what was no whole answer */
  readonly wrong: string[] = [];
  readonly #known = new Map<string, { id: string; total: number }>();
  #times: number[] = [];
  #on = true;
  #loops: Promise<void>[] = [];

  constructor(
    private readonly fleet: Fleet,
    private readonly members: readonly Member[],
  ) {}

  async start(): Promise<void> {
    for (const { slug, provider } of this.members) {
      const { body } = await this.fleet.ask(`${waysOf[provider].path}?connection=${slug}&limit=1`);
      const { data, pagination } = body as { data: { id: string }[]; pagination: { total: number } };
      this.#known.set(slug, { id: data[0]?.id as string, total: pagination.total });
    }
    this.#loops = this.members.map((member) => this.#read(member));
  }

  /** What was measured since the last time: how many answers, and their p50 and p99 in milliseconds. */
  take(): { answers: number; p50: number; p99: number } {
    const times = this.#times.sort((a, b) => a - b);
    this.#times = [];
    const at = (share: number) => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0;
    return { answers: times.length, p50: at(0.5), p99: at(0.99) };
  }

  async stop(): Promise<void> {
    this.#on = false;
    await Promise.all(this.#loops);
  }

  async #read({ slug, provider }: Member): Promise<void> {
    const { path } = waysOf[provider];
    const { id, total } = this.#known.get(slug) as { id: string; total: number };
    for (let n = 0; this.#on; ) {
      const one = await this.fleet.ask(`${path}/${id}?max_stale=0`);
      const { source } = one.body as { source?: { state: string } };
      if (one.status !== 200 || source?.state !== 'fresh')
        this.wrong.push(`${slug}: one is ${one.status} ${source?.state}`);
      n += 1;
      const list = await this.fleet.ask(`${path}?connection=${slug}&limit=${10 + (n % 90)}`);
      const { pagination, sources } = list.body as {
        pagination?: { total: number };
        sources?: { state: string }[];
      };
      if (list.status !== 200 || sources?.[0]?.state !== 'fresh' || pagination?.total !== total)
        this.wrong.push(
          `${slug}: the list is ${list.status} ${sources?.[0]?.state} with ${pagination?.total} of ${total}`,
        );
      this.#times.push(one.ms, list.ms);
      await sleep(pause);
    }
  }
}
