import type { Clock } from '@fleetgate/provider-spec';
import type { Replicas } from '../redis/replicas.ts';
import type { SharedRedis } from '../redis/shared-redis.ts';
import { type Count, Counters, type Taken } from './counters.ts';
import { LocalCounters } from './local-counters.ts';
import { type Rule, type RuleSet, shareOf } from './rules.ts';
import { scripts } from './scripts.ts';

/** Calls that go by the same rules and came at the same time: they are counted together. */
interface Group {
  readonly set: RuleSet;
  readonly counted: boolean;
  readonly waiting: Tell[];
}
type Tell = (taken: Taken) => void;

/** Groups, or counters, that one command speaks of; more go in several. */
const perCommand = 500;

const keyOf = ({ name, subject }: Pick<Rule, 'name' | 'subject'>) => `throttle:${name}:${subject}`;

/**
 * One counter for all replicas, in Redis. A call costs one command at most, and a crowd shares it: what comes in within one
 * turn of the event loop, or while a command is under way, goes out as one.
 *
 * Without Redis this process gives its share of every limit on its own: the limit by the number of replicas last seen. What it
 * has given is added to the counters of all when Redis is back, before anything else is asked of it.
 */
export class SharedCounters extends Counters {
  readonly #redis: SharedRedis;
  readonly #replicas: Replicas;
  readonly #own: LocalCounters;
  #groups = new Map<RuleSet, Group>();
  #looks: Group[] = [];
  #busy = false;

  constructor({ redis, replicas }: { redis: SharedRedis; replicas: Replicas }, clock: Pick<Clock, 'now'>) {
    super();
    this.#redis = redis;
    this.#replicas = replicas;
    this.#own = new LocalCounters(clock, true);
    redis.define(scripts);
    redis.onBack(() => this.#giveBack());
  }

  take(set: RuleSet, tell: Tell): void {
    const group = this.#groups.get(set);
    if (!this.#redis.up) this.#tellAlone({ set, counted: true, waiting: [tell] });
    else if (group) group.waiting.push(tell);
    else {
      this.#groups.set(set, { set, counted: true, waiting: [tell] });
      this.#flushSoon();
    }
  }

  look(set: RuleSet, tell: Tell): void {
    const group = { set, counted: false, waiting: [tell] };
    if (!this.#redis.up) this.#tellAlone(group);
    else {
      this.#looks.push(group);
      this.#flushSoon();
    }
  }

  #flushSoon(): void {
    if (this.#busy) return;
    this.#busy = true;
    setImmediate(() => this.#flush());
  }

  async #flush(): Promise<void> {
    while (this.#groups.size + this.#looks.length > 0) {
      const groups = [...this.#groups.values(), ...this.#looks];
      this.#groups = new Map();
      this.#looks = [];
      if (this.#redis.up) this.#giveBack();
      const sent: Promise<void>[] = [];
      for (let at = 0; at < groups.length; at += perCommand)
        sent.push(this.#send(groups.slice(at, at + perCommand)));
      await Promise.all(sent);
    }
    this.#busy = false;
  }

  async #send(groups: readonly Group[]): Promise<void> {
    const keys: string[] = [];
    const asked: number[] = [];
    for (const { set, counted, waiting } of groups) {
      asked.push(counted ? waiting.length : 0, set.rules.length);
      for (const rule of set.rules) {
        keys.push(keyOf(rule));
        asked.push(rule.limit, rule.windowSeconds);
      }
    }
    const answer = await this.#redis
      .ask(
        (client) => client.throttleTake(keys.length, ...keys, ...asked),
        (late) => this.#countedTwice(groups, late),
      )
      .catch(() => undefined); // Redis says for itself that it is lost; nobody waits for it
    if (answer) eachOf(groups, answer, (...told) => tellAll(answer[0] as number, ...told));
    else for (const group of groups) this.#tellAlone(group);
  }

  #tellAlone({ set, counted, waiting }: Group): void {
    const share = shareOf(set, this.#replicas.count);
    for (const tell of waiting) tell(counted ? this.#own.taken(share) : this.#own.looked(share));
  }

  /** Commands of one connection are done in their order: this comes before whatever is asked next. */
  #giveBack(): void {
    if (this.#own.isEmpty) return;
    const owed = this.#own.drain();
    for (let at = 0; at < owed.length; at += perCommand) {
      const part = owed.slice(at, at + perCommand);
      const counts = part.flatMap(({ used, end }) => [used, end]);
      const owe = (sign: 1 | -1) => {
        for (const one of part) this.#own.add({ ...one, used: sign * one.used });
      };
      this.#redis
        .ask(
          (client) => client.throttleAdd(part.length, ...part.map(keyOf), ...counts),
          () => owe(-1),
        )
        .catch(() => owe(1)); // lost again, as Redis says for itself: it is owed still
    }
  }

  /** Redis did hang, and has counted in the end what was counted here in the meantime. */
  #countedTwice(groups: readonly Group[], answer: readonly number[]): void {
    eachOf(groups, answer, ({ set }, admitted, counts) => {
      for (const [index, { end }] of counts.entries()) {
        this.#own.add({ ...(set.rules[index] as Rule), used: -admitted, end });
      }
    });
  }
}

function tellAll(
  now: number,
  { set, counted, waiting }: Group,
  admitted: number,
  before: readonly Count[],
): void {
  for (let index = 0; index < waiting.length; index++) {
    const more = counted ? Math.min(index + 1, admitted) : 0;
    const counts: Count[] = [];
    for (const { used, end } of before) counts.push({ used: used + more, end });
    (waiting[index] as Tell)({ admitted: !counted || index < admitted, set, counts, now, local: false });
  }
}

/** Reads what `throttleTake` answers; `counts` are those before. */
function eachOf(
  groups: readonly Group[],
  answer: readonly number[],
  read: (group: Group, admitted: number, counts: readonly Count[]) => void,
): void {
  let at = 1;
  for (const group of groups) {
    const admitted = answer[at++] as number;
    const counts = group.set.rules.map(() => ({ used: answer[at++] as number, end: answer[at++] as number }));
    read(group, admitted, counts);
  }
}
