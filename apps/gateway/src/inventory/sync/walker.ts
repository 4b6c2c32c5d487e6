import { randomUUID } from 'node:crypto';
import { Fault, type Kind, kinds } from '@fleetgate/model';
import { newCall } from '@fleetgate/provider-runtime';
import { facetOf } from '@fleetgate/provider-spec';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { v7 } from 'uuid';
import type { Connection } from '../../connections/connection.ts';
import { Jobs } from '../../tracing/jobs.ts';
import { KindWalk, WALK_TOOLS, type WalkTools } from './kind-walk.ts';
import { Lease, LeaseLost } from './lease.ts';
import { Outcomes } from './outcome.ts';

/** Kinds that are due soon are walked along, so that a connection's kinds stay together; part of the interval. */
const along = 0.25;
/** Rows written by one walk after which the planner's statistics and the visibility map are brought up to date at once. */
const manyRows = 5_000;
/** How long that may take, in milliseconds. */
const tidyPatience = 600_000;

/** Syncs connections: takes the lease of one, walks what is due of it, gives it back. */
@Injectable()
export class Walker {
  readonly #log = new Logger('Sync');
  readonly #owner = randomUUID();

  constructor(
    @Inject(WALK_TOOLS) private readonly tools: WalkTools,
    private readonly outcomes: Outcomes,
    private readonly jobs: Jobs,
  ) {}

  /**
   * Syncs one connection, unless somebody else does. `stopping`, when aborted, lets the page that is here be stored,
   * and the lease go back at once. Failures of the upstream are recorded, not thrown; what rejects is our own database.
   */
  async run(connection: Connection, stopping: AbortSignal): Promise<void> {
    const terms = { owner: this.#owner, leaseMs: this.tools.settings.leaseMs };
    const lease = await Lease.acquire(this.tools.database, connection, terms);
    if (!lease) return;
    try {
      const held = kinds.filter((kind) => connection.provider[facetOf[kind]]);
      const due = await this.#due(connection, held, lease.requested);
      const started = this.tools.timing.clock.now();
      let complete = true;
      for (const kind of due) {
        complete &&= !stopping.aborted && (await this.#kind(lease, connection, kind, stopping));
      }
      const whole = complete && due.length === held.length;
      await this.outcomes.released(
        lease,
        held,
        complete,
        whole ? this.tools.timing.clock.now() - started : undefined,
      );
    } catch (error) {
      if (error instanceof LeaseLost) {
        this.#log.warn(`${error.message}: somebody else goes on`);
        return;
      }
      lease.lose(); // it runs out by itself: the database that would have to be told is what failed
      throw error;
    }
  }

  /** Resolves to false when it was stopped before its end. */
  async #kind(lease: Lease, connection: Connection, kind: Kind, stopping: AbortSignal): Promise<boolean> {
    const requestId = v7();
    const { random } = this.tools.timing;
    const { signal } = lease;
    const walk = (traceparent: string) => {
      const call = newCall({ requestId, traceparent, signal, random, background: true });
      return new KindWalk(this.tools, lease, connection, kind, call, stopping).run();
    };
    try {
      const end = await this.jobs.run(`sync ${kind}`, { requestId, connection: connection.slug }, walk);
      if (end.how === 'stopped') return false;
      if (end.how === 'suspected') {
        await this.outcomes.suspected(lease, connection, kind, end.missing, end.live);
      } else {
        if (end.written >= manyRows) await this.#tidy();
        await this.outcomes.finished(lease, connection, kind, end.state, end.whole);
      }
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      const failures = await this.#failures(connection, kind);
      this.#log.warn(`${connection.slug} ${kind}: ${error.code}: ${error.message} (request ${requestId})`);
      await this.outcomes.failed(lease, kind, error, failures);
    }
    return true;
  }

  /** Kinds to walk now, parents first. Nobody's request makes an upstream be asked before the time that it named. */
  async #due({ slug, syncIntervalMs }: Connection, held: readonly Kind[], all: boolean): Promise<Kind[]> {
    const later = await this.tools.database.query<{ kind: Kind }>({
      text: `SELECT kind FROM sync_kind WHERE connection = $1
        AND (hold_until > now() OR NOT $2 AND due_at > now() + CASE WHEN failures > 0 THEN 0 ELSE $3 END * interval '1 ms')`,
      values: [slug, all, Math.round(syncIntervalMs * along)],
    });
    return held.filter((kind) => !later.some((one) => one.kind === kind));
  }

  async #failures(connection: Connection, kind: Kind): Promise<number> {
    const [row] = await this.tools.database.query<{ failures: number }>({
      text: 'SELECT failures FROM sync_kind WHERE connection = $1 AND kind = $2',
      values: [connection.slug, kind],
    });
    return row?.failures ?? 0;
  }

  async #tidy(): Promise<void> {
    try {
      await this.tools.database.query({
        text: 'VACUUM (ANALYZE, SKIP_LOCKED) resource',
        patienceMs: tidyPatience,
      });
      await this.tools.database.query({ text: 'ANALYZE resource_count', patienceMs: tidyPatience });
    } catch (error) {
      // The server's own autovacuum does it a minute later; a role that does not own the table may not.
      this.#log.debug(`could not tidy up: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}
