import assert from 'node:assert/strict';
import { type AnyRecord, type Key, type Kind, keyText, type RecordOf } from '@fleetgate/model';
import type { Call, Journal, Operation, Provider } from '@fleetgate/provider-spec';
import { faultOf } from './claims.ts';
import { createProgress, type Progress } from './progress.ts';
import type { Sample, SampleWorld, WriteInput, WriteResult } from './samples.ts';
import { assertShown } from './shown.ts';
import type { Subject } from './subject.ts';
import type { Suite, Write } from './suite.ts';
import { walkAll } from './walks.ts';

/** One write: an input, and how far it has come. */
export interface Attempt {
  readonly input: WriteInput;
  readonly progress: Progress;
  /** Runs the operation as a process that takes the write up where `progress` stands. */
  run(other?: { signal?: AbortSignal; provider?: Provider; journal?: Journal }): Promise<WriteResult>;
}

/** One write at an object of its own, with what is needed to tell whether it took effect. */
export interface Sampled extends Attempt {
  /** Fails unless the upstream shows the effect of the input, once. */
  assertDone(result: WriteResult): Promise<void>;
  /** Fails unless the upstream shows what it showed before. */
  assertUntouched(): Promise<void>;
}

/** Makes writes of one operation, at the upstream of one test. */
export interface Attempts {
  /** with a sample of its own; what the upstream did until then is forgotten */
  make(): Promise<Sampled>;
  of(input: WriteInput): Attempt;
}

export function attemptsAt(suite: Suite, subject: Subject, write: Write): Attempts {
  const world = worldOf(subject);
  let made = 0;
  const of = (input: WriteInput): Attempt => {
    made += 1;
    const progress = createProgress(subject.clock, made);
    return {
      input,
      progress,
      run: ({ signal, provider = subject.provider, journal = progress.journal() } = {}) =>
        operationOf(provider, write)(input, subject.call(signal, journal)),
    };
  };
  return {
    of,
    async make() {
      await subject.provider.account.identify({}, subject.call());
      const input = await sampleOf(suite, write)(world);
      const before = await stateOf(subject, write, input);
      subject.upstream.control.clear();
      subject.upstream.control.forget();
      subject.changes.forget();
      return {
        ...of(input),
        assertDone: (result) => assertDone(suite, subject, write, input, before, result),
        async assertUntouched() {
          assert.deepEqual(await stateOf(subject, write, input), before, 'the upstream was changed');
        },
      };
    },
  };
}

export function operationOf(
  provider: Provider,
  { facet, operation }: Write,
): Operation<WriteInput, WriteResult> {
  const operations = provider[facet] as unknown as Record<string, Operation<WriteInput, WriteResult>>;
  const run = operations[operation];
  if (!run) throw new Error(`the provider has no ${facet}.${operation}`);
  return (input, call: Call) => run.call(operations, input, call);
}

export function sampleOf(suite: Suite, { facet, operation }: Write): Sample<WriteInput> {
  const samples: Readonly<Record<string, unknown>> = suite.samples[facet] ?? {};
  const sample = samples[operation];
  assert.ok(sample, `the suite needs writes.${facet}.${operation}, an input that the operation takes`);
  return sample as Sample<WriteInput>;
}

export function worldOf(subject: Subject): SampleWorld {
  const given = new Set<string>();
  let words = 0;
  const records = async <K extends Kind>(kind: K) =>
    (await walkAll(subject, subject.facet(kind))).records as readonly RecordOf<K>[];
  return {
    upstream: subject.upstream,
    records,
    async one(kind, is = () => true) {
      const name = (record: AnyRecord) => `${kind}/${keyText(record.key)}`;
      const found = (await records(kind)).find((record) => !given.has(name(record)) && is(record));
      assert.ok(found, `a sample finds no ${kind} that is left`);
      given.add(name(found));
      return found;
    },
    word() {
      words += 1;
      return `word${words}`;
    },
  };
}

/** Where the effect of an operation shows: in which objects there are, or in one of them. */
function madeKind({ kind, operation }: Write): Kind | undefined {
  if (operation === 'create') return kind;
  return operation === 'deploy' ? 'release' : undefined;
}

type State = readonly string[] | AnyRecord | undefined;

async function stateOf(subject: Subject, write: Write, { key }: WriteInput): Promise<State> {
  const kind = madeKind(write);
  if (!kind) return subject.facet(write.kind).get({ key: key as Key }, subject.call());
  return (await walkAll(subject, subject.facet(kind))).records.map((record) => keyText(record.key)).sort();
}

async function assertDone(
  suite: Suite,
  subject: Subject,
  write: Write,
  input: WriteInput,
  before: State,
  result: WriteResult,
): Promise<void> {
  const kind = madeKind(write) ?? write.kind;
  if (write.operation === 'remove') {
    assert.equal(result, undefined, 'a removal answers nothing');
    await assertGone(subject, kind, input.key as Key);
    return;
  }
  assert.ok(result, `${write.name} answers nothing`);
  if (madeKind(write)) {
    const after = (await stateOf(subject, write, input)) as readonly string[];
    const more = after.filter((key) => !(before as readonly string[]).includes(key));
    assert.deepEqual(more, [keyText(result.key)], 'what there is more than before');
  } else {
    assert.deepEqual(result.key, input.key, 'the key of the answer');
  }
  const shown = await subject.facet(kind).get({ key: result.key }, subject.call());
  if (result.record) assert.deepEqual(result.record, shown, 'the record of the answer, and what get says');
  if (write.operation === 'cancel') await assertCancelled(subject, result.key);
  else if (write.operation === 'deploy') {
    assert.deepEqual((shown as RecordOf<'release'>).deployment_key, input.key);
  } else assertShown(shown, input, suite.kindOptions(kind).unshown);
}

const minute = 60_000;

/** Gone, or on its way: what lingers is shown as such. */
async function assertGone(subject: Subject, kind: Kind, key: Key): Promise<void> {
  const shown = await subject
    .facet(kind)
    .get({ key }, subject.call())
    .catch((error: unknown) => {
      if (error instanceof Error && 'code' in error && error.code === 'not_found') return undefined;
      throw error;
    });
  const word = shown && 'status' in shown ? shown.status : undefined;
  assert.ok(
    !shown || word === 'deleting' || word === 'removed',
    `it is still there, and its status is ${String(word)}`,
  );
}

async function assertCancelled(subject: Subject, key: Key): Promise<void> {
  const status = async () =>
    ((await subject.facet('deployment').get({ key }, subject.call())) as RecordOf<'deployment'>).status;
  let word = await status();
  for (let passed = 0; passed < 20 && (word === 'queued' || word === 'running'); passed += 1) {
    subject.upstream.control.clock.advance(minute);
    word = await status();
  }
  assert.equal(word, 'cancelled', 'the status of what was cancelled');
}

/** Waits, in the upstream's time, until a removed object is not_found. */
export async function assertGoneInTheEnd(subject: Subject, kind: Kind, key: Key): Promise<void> {
  const look = () => subject.facet(kind).get({ key }, subject.call());
  for (let passed = 0; passed < 48; passed += 1) {
    const found = await look().then(
      () => true,
      () => false, // the look below says what it is
    );
    if (!found) break;
    subject.upstream.control.clock.advance(5 * minute);
  }
  const fault = await faultOf(look(), 'get of a removed object');
  assert.equal(fault.code, 'not_found', fault.message);
}
