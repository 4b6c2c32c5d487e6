import { type AnyRecord, encodeId, isFault, type Key, type Kind } from '@fleetgate/model';
import { createJournal, dryRunJournal, newCall, type PlannedRequest } from '@fleetgate/provider-runtime';
import { type Call, facetOf, type Operation, type Written } from '@fleetgate/provider-spec';
import { Inject, Injectable } from '@nestjs/common';
import type { Connection } from '../connections/connection.ts';
import { Inventory, type StoredResource } from '../inventory/inventory.ts';
import { TIMING, type Timing } from '../inventory/timing.ts';
import { stampOf, type Write } from '../operations/operation.ts';
import { OperationStore, type OperationTask } from '../operations/operation-store.ts';
import { FollowUps } from './follow-ups.ts';
import { facetFor, isSettled } from './settled.ts';

/** What a write left. */
export interface WriteOutcome {
  readonly kind: Kind;
  readonly id: string;
  readonly key: Key;
  /** null: it is gone */
  readonly resource: StoredResource | null;
  /** false: the upstream still works on it */
  readonly settled: boolean;
}

/** An object that was just made may take a moment to be found: how often it is looked for, and how long between; ms. */
const readBack = { attempts: 5, wait: 300 };

type AnyOperation = Operation<unknown, Written<AnyRecord> | undefined>;

/** Carries out writes at providers, and takes what they left into the inventory before anybody is told. */
/** `deadlineAt`: until when its caller waits, in milliseconds since the epoch. */
type TimedTask = OperationTask & { readonly deadlineAt?: number | undefined };

@Injectable()
export class Writer {
  constructor(
    private readonly inventory: Inventory,
    private readonly operations: OperationStore,
    private readonly followUps: FollowUps,
    @Inject(TIMING) private readonly timing: Timing,
  ) {}

  /** Carries out an operation, or goes on with it where it stands. Rejects with `Fault`. */
  async run(connection: Connection, task: TimedTask, signal: AbortSignal): Promise<WriteOutcome> {
    const { id, write } = task;
    // The deadline is this write's alone, and belongs to a signal: the one that was given ends many.
    const call = newCall({ ...task, signal: AbortSignal.any([signal]), random: this.timing.random });
    const within = (prefix: string): Call => ({
      ...call,
      journal: createJournal({
        stamp: stampOf(id),
        store: this.operations.journal(id, prefix),
        clock: this.timing.clock,
      }),
    });
    if (write.then === undefined) return this.#carryOut(connection, write, within(''));
    const first = await this.#carryOut(connection, write, within('project.'));
    const second = await this.#carryOut(
      connection,
      deploymentIn(first.key, write.then),
      within('deployment.'),
    );
    const resource = (await this.inventory.get(first.id, false)) ?? first.resource;
    return { ...first, resource, settled: first.settled && second.settled };
  }

  /** What would be sent, without sending it. Rejects with `Fault` where the provider refuses it already. */
  async plan(connection: Connection, task: OperationTask, signal: AbortSignal): Promise<PlannedRequest[]> {
    const { write } = task;
    const journal = dryRunJournal(stampOf(task.id));
    const call = { ...newCall({ ...task, signal, random: this.timing.random }), journal };
    const written = await operationOf(connection, write)(write.input, call);
    if (write.then !== undefined && written) {
      const second = deploymentIn(written.key, write.then);
      await operationOf(connection, second)(second.input, call);
    }
    return [...journal.requests];
  }

  async #carryOut(connection: Connection, write: Write, call: Call): Promise<WriteOutcome> {
    const written = await operationOf(connection, write)(write.input, call);
    if (write.action === 'remove' || !written) {
      return this.#removed(connection, write.kind, (write.input as { key: Key }).key, call);
    }
    const kind = write.action === 'deploy' ? 'release' : write.kind;
    const outcome = written.record
      ? await this.#take(connection, kind, written.record, this.timing.clock.now(), call)
      : await this.#readBack(connection, kind, written.key, call);
    for (const touched of written.touched ?? [])
      await this.#refresh(connection, touched.kind, touched.key, call);
    if (write.action === 'deploy') {
      await this.#refresh(connection, 'deployment', (write.input as { key: Key }).key, call);
    }
    return outcome;
  }

  async #readBack(connection: Connection, kind: Kind, key: Key, call: Call): Promise<WriteOutcome> {
    for (let attempt = 1; ; attempt++) {
      const asked = this.timing.clock.now();
      try {
        const record = await facetFor(connection, kind).get({ key }, readOnly(call));
        return await this.#take(connection, kind, record, asked, call);
      } catch (error) {
        if (!isFault(error, 'not_found') || attempt === readBack.attempts) throw error;
        await this.timing.clock.sleep(readBack.wait, call.signal);
      }
    }
  }

  /** What else was touched is of no consequence for the answer: where it cannot be read, the next sync does it. */
  async #refresh(connection: Connection, kind: Kind, key: Key, call: Call): Promise<void> {
    if (connection.provider[facetOf[kind]] === undefined) return;
    try {
      await this.#readBack(connection, kind, key, call);
    } catch (error) {
      if (!(error instanceof Error)) throw error; // anything else is no failure that we know of
      await this.followUps.schedule(connection.slug, encodeId(kind, connection.slug, key));
    }
  }

  async #removed(connection: Connection, kind: Kind, key: Key, call: Call): Promise<WriteOutcome> {
    const asked = this.timing.clock.now();
    try {
      const record = await facetFor(connection, kind).get({ key }, readOnly(call));
      const outcome = await this.#take(connection, kind, record, asked, call);
      await this.followUps.schedule(connection.slug, outcome.id);
      return { ...outcome, settled: false }; // whatever its status says: it is to be gone
    } catch (error) {
      if (!isFault(error, 'not_found')) throw error;
      await this.inventory.vanish(connection, kind, key, asked, call.requestId);
      const id = encodeId(kind, connection.slug, key);
      await this.followUps.scheduleChildren(connection.slug, id);
      return { kind, id, key, resource: null, settled: true };
    }
  }

  async #take(
    connection: Connection,
    kind: Kind,
    record: AnyRecord,
    asOfMs: number,
    { requestId }: Call,
  ): Promise<WriteOutcome> {
    const resource = await this.inventory.observe(connection, kind, record, false, asOfMs, requestId);
    const id = encodeId(kind, connection.slug, record.key);
    const settled = isSettled(record);
    if (!settled) await this.followUps.schedule(connection.slug, id);
    return { kind, id, key: record.key, resource, settled };
  }
}

function operationOf(connection: Connection, { kind, action }: Write): AnyOperation {
  const facet = connection.provider[facetOf[kind]] as Record<string, AnyOperation> | undefined;
  const operation = facet?.[action];
  if (!operation) throw new Error(`${connection.slug} has no ${facetOf[kind]}.${action}`);
  return operation;
}

function deploymentIn(projectKey: Key, value: unknown): Write {
  return { kind: 'deployment', action: 'create', input: { projectKey, value } };
}

/** The same call for a read: a journal goes with changes only. */
function readOnly({ journal: _, ...call }: Call): Call {
  return call;
}
