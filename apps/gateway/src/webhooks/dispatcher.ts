import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '@fleetgate/provider-spec';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { Database } from '../database/database.ts';
import { type Claim, Claims, type Load } from './claims.ts';
import { CLOCK } from './clock.ts';
import { dueChannel } from './due.ts';
import type { Outcome } from './outcome.ts';
import { deadline, Sender } from './sender.ts';
import { Settlements } from './settlements.ts';
import { Turns } from './turns.ts';

/** Requests to one webhook under way at once, from this process; deliveries of all that it has in hand. */
const perWebhook = 16;
const mostInHand = 1_000;
/** Of a webhook that answers within that time (milliseconds), so many are taken in advance, to have the next at hand. */
const quick = { within: 200, inHand: 128 };
/** How long outcomes are gathered, and how long it is waited for a database that is away; milliseconds. */
const gatherFor = 5;
const retryEvery = 250;
/** The shortest and the longest time between two looks for what is due, without having been told of any; milliseconds. */
const look = { least: 100, most: 60_000 };

interface Endpoint {
  /** taken, and not begun */
  readonly waiting: Claim[];
  /** requests under way */
  sending: number;
  /** taken, and not written down yet */
  inHand: number;
  quick: boolean;
}

/** Carries deliveries out. Whoever has the role `all` or `worker` starts it; it sleeps until something is due. */
@Injectable()
export class Dispatcher {
  readonly #log = new Logger('Webhooks');
  readonly #endpoints = new Map<string, Endpoint>();
  readonly #taking = new Turns(() => this.#take());
  readonly #writing = new Turns(() => this.#write());
  readonly #stopping = new AbortController();
  #outcomes: Outcome[] = [];
  #inHand = 0;
  #sleeping = new AbortController();
  #unhear: (() => Promise<void>) | undefined;

  constructor(
    private readonly database: Database,
    private readonly claims: Claims,
    private readonly sender: Sender,
    private readonly settlements: Settlements,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async start(): Promise<void> {
    const wake = () => this.#taking.wake();
    this.#unhear = await this.database.listen(dueChannel, wake, wake);
  }

  /** Takes nothing any more; what is under way may end, within its deadline, and is written down. */
  async stop(patience: number): Promise<void> {
    this.#stopping.abort();
    this.#sleeping.abort();
    await this.#unhear?.();
    await this.#taking.end();
    for (const endpoint of this.#endpoints.values()) {
      for (const claim of endpoint.waiting.splice(0)) this.#ended({ claim, sent: undefined });
    }
    const until = performance.now() + patience;
    while (this.#inHand > 0 && performance.now() < until) await sleep(20);
    await this.#writing.end();
  }

  async #take(): Promise<void> {
    this.#sleeping.abort();
    try {
      const now = this.clock.now();
      await this.claims.takeBack(now);
      for (let taken = 1; taken > 0 && !this.#stopping.signal.aborted; ) {
        const free = mostInHand - this.#inHand;
        const claims =
          free > 0
            ? await this.claims.take(this.clock.now(), this.#loads(), { usual: perWebhook, free })
            : [];
        taken = claims.length;
        for (const claim of claims) this.#add(claim);
      }
      await this.#sleepUntilNext();
    } catch (error) {
      this.#log.warn(
        `cannot look for deliveries, tries again: ${error instanceof Error ? error.message : String(error)}`,
      );
      this.#sleep(1_000);
    }
  }

  #loads(): Load[] {
    return [...this.#endpoints].map(([webhook, { inHand, quick: isQuick }]) => ({
      webhook,
      busy: inHand,
      most: isQuick ? quick.inHand : perWebhook,
    }));
  }

  async #sleepUntilNext(): Promise<void> {
    if (this.#stopping.signal.aborted) return;
    const full = this.#loads().filter(({ busy, most }) => busy >= most);
    const next = await this.claims.next(full.map(({ webhook }) => webhook));
    const wait = (next ?? Number.POSITIVE_INFINITY) - this.clock.now();
    this.#sleep(Math.min(Math.max(wait, look.least), look.most));
  }

  #sleep(ms: number): void {
    if (this.#stopping.signal.aborted) return;
    this.#sleeping = new AbortController();
    this.clock.sleep(ms, this.#sleeping.signal).then(
      () => this.#taking.wake(),
      () => undefined, // somebody has woken it before
    );
  }

  #add(claim: Claim): void {
    const { webhook } = claim;
    const fresh: Endpoint = { waiting: [], sending: 0, inHand: 0, quick: false };
    const endpoint = this.#endpoints.get(webhook) ?? fresh;
    this.#endpoints.set(webhook, endpoint);
    endpoint.waiting.push(claim);
    endpoint.inHand += 1;
    this.#inHand += 1;
    this.#begin(endpoint);
  }

  #begin(endpoint: Endpoint): void {
    while (endpoint.sending < perWebhook) {
      const claim = endpoint.waiting.shift();
      if (!claim) return;
      void this.#deliver(claim, endpoint);
    }
  }

  async #deliver(claim: Claim, endpoint: Endpoint): Promise<void> {
    const { eventId, url, webhook: id, secrets, withPrevious } = claim;
    // One that has waited here for too long would overlap with whoever takes it next.
    const late = this.clock.now() > claim.leaseUntil - deadline;
    if (late || claim.body === null)
      return this.#ended({ claim, sent: late ? undefined : nothingToSend(claim, this.clock.now()) });
    endpoint.sending += 1;
    const sent = await this.sender.send({
      url,
      eventId,
      body: claim.body,
      secrets: { id, secrets, withPrevious },
    });
    endpoint.sending -= 1;
    endpoint.quick = sent.attempt.error === null && sent.attempt.duration_ms < quick.within;
    this.#ended({ claim, sent });
    this.#begin(endpoint);
  }

  #ended(outcome: Outcome): void {
    this.#outcomes.push(outcome);
    this.#writing.wake();
  }

  async #write(): Promise<void> {
    await sleep(gatherFor);
    const outcomes = this.#outcomes.splice(0);
    if (outcomes.length === 0) return;
    if (!(await this.#written(outcomes))) {
      this.#log.warn(`${outcomes.length} outcomes of deliveries could not be written: they are sent again`);
    }
    for (const { claim } of outcomes) this.#letGo(claim.webhook);
    this.#taking.wake();
  }

  /** Resolves to false when the database was away until the leases had run out: whoever takes them then sends them again. */
  async #written(outcomes: readonly Outcome[]): Promise<boolean> {
    for (;;) {
      try {
        await this.settlements.write(outcomes);
        return true;
      } catch (error) {
        this.#log.warn(
          `cannot write what came of deliveries: ${error instanceof Error ? error.message : String(error)}`,
        );
        const last = Math.max(...outcomes.map(({ claim }) => claim.leaseUntil));
        if (this.clock.now() > last || this.#stopping.signal.aborted) return false;
        await sleep(retryEvery);
      }
    }
  }

  #letGo(webhook: string): void {
    this.#inHand -= 1;
    const endpoint = this.#endpoints.get(webhook);
    if (!endpoint) return;
    endpoint.inHand -= 1;
    if (endpoint.inHand === 0) this.#endpoints.delete(webhook);
  }
}

function nothingToSend({ url }: Claim, now: number): Outcome['sent'] {
  const error = 'the event is no longer kept';
  const at = new Date(now).toISOString();
  return {
    attempt: { at, duration_ms: 0, request: { url, headers: {} }, response: null, error },
    retryAfter: null,
  };
}
