import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { UpstreamName } from '@fleetgate/sandbox';
import { expected, type FaultRow, type KindOfCall, type Outcome, withSessions } from './expectations.ts';
import type { Answer, Fleet, Kinds, Member } from './fleet.ts';
import { idBeside, type Known, waysOf } from './platforms.ts';

/** What one call came to. */
export interface Met {
  readonly row: FaultRow;
  readonly provider: UpstreamName;
  readonly call: KindOfCall;
  readonly outcome: string;
  readonly ms: number;
  /** why that is not what was promised */
  readonly broken?: string;
}

interface Item {
  id: string;
  location?: string | null;
}
interface ListBody {
  data: Item[];
  sources: { state: string; error?: { code: string } }[];
}
interface Failed {
  error: { code: string };
  operation?: { id: string; state: string };
}
interface WriteSent {
  readonly call: 'write' | 'lost';
  readonly path: string;
  readonly body: object;
  readonly key: string;
}

const word = () => `made-${randomUUID().slice(0, 13)}`;

/** One connection, and the fault that it meets: what was known before, the calls meanwhile, and whether all is well after. */
export class Cell {
  readonly met: Met[] = [];
  readonly #sent: WriteSent[] = [];
  #known: Known = { ids: [], cluster: null };
  #unknown = '';
  #sizeBefore = 0;

  constructor(
    private readonly fleet: Fleet,
    readonly row: FaultRow,
    readonly member: Member,
    /** reads of each kind */
    private readonly reads: number,
  ) {}

  /** Before anything goes wrong. */
  async learn(): Promise<void> {
    const { kind, path, made } = this.#ways;
    const { control } = this.#upstream;
    const ids = (await this.#list(path)).data.map(({ id }) => id);
    const [cluster] = this.member.provider === 'app-platform' ? [] : (await this.#list('/v1/clusters')).data;
    this.#known = { ids, cluster: cluster ? { id: cluster.id, location: cluster.location ?? null } : null };
    const [added = ''] = control.add(kind, 1);
    this.#unknown = idBeside(ids[0] as string, kind, this.member.slug, added);
    this.#sizeBefore = control.size(made.kind);
  }

  /** Every kind of call while the fault is there. */
  async suffer(): Promise<void> {
    this.#strike();
    for (let n = 0; n < this.reads; n += 1)
      await Promise.all([this.#read('known'), this.#read('new'), this.#listed(false)]);
    await this.#write('write', undefined);
    if (!('address' in this.row.origin)) await this.#write('lost', this.#ways.made.upstreamPath);
    await this.#sync();
    await this.#listed(true);
  }

  /** The fault is over: it is well again by itself, nothing was lost, and nothing was made twice. */
  async recover(): Promise<void> {
    const { control } = this.#upstream;
    const { slug } = this.member;
    control.clear();
    await this.fleet.ask(`/v1/connections/${slug}/sync`, { method: 'POST' });
    await this.fleet.fresh([slug]);
    const ids = new Set((await this.#list(this.#ways.path)).data.map(({ id }) => id));
    if (!this.#known.ids.every((id) => ids.has(id))) this.#complain('sync', 'a resource is lost after it');
    for (const sent of this.#sent) {
      let again = await this.#send(sent, 60_000);
      // The circuit of writes may still be open.
      for (let n = 0; n < 100 && again.status === 503; n += 1) {
        await sleep(200);
        again = await this.#send(sent, 60_000);
      }
      if (again.status >= 300)
        this.#complain(sent.call, `the same key again: ${again.status} ${codeOf(again)}`);
    }
    const made = control.size(this.#ways.made.kind) - this.#sizeBefore;
    if (made !== this.#sent.length)
      this.#complain('write', `${made} were made upstream by ${this.#sent.length} keys`);
  }

  get #ways() {
    return waysOf[this.member.provider];
  }
  get #hasSession(): boolean {
    return withSessions.includes(this.member.provider);
  }
  get #upstream() {
    return this.fleet.upstream(this.member.slug);
  }

  /** `only`: nothing else than the changing request to that path of the upstream is sick. */
  #strike(only?: string): void {
    const { control } = this.#upstream;
    const { origin } = this.row;
    const match = only === undefined ? {} : { match: { method: 'POST', path: only } };
    control.clear();
    if ('rule' in origin) control.inject({ ...origin.rule, ...match });
    if (!('expires' in origin)) return;
    control.expireSessions();
    if (!this.#hasSession) control.inject({ fault: { kind: 'expired_token' }, ...match });
  }

  async #read(call: 'known' | 'new'): Promise<void> {
    const id = call === 'known' ? (this.#known.ids[0] as string) : this.#unknown;
    const answer = await this.#ask(`${this.#ways.path}/${id}?max_stale=0`);
    if (answer.status !== 200)
      return this.#note(call, codeOf(answer), answer.ms, call === 'known' ? 'no copy was given' : undefined);
    const { source } = answer.body as { source: { state: string; error?: { code: string } } };
    if (source.state === 'fresh') return this.#note(call, 'ok', answer.ms);
    this.#note(
      call,
      source.error?.code ?? source.state,
      answer.ms,
      call === 'new' ? 'a copy of what was not known' : undefined,
    );
  }

  /** `told`: the sync has failed by now, and the list has to say so. */
  async #listed(told: boolean): Promise<void> {
    const { slug } = this.member;
    const answer = await this.#ask(`${this.#ways.path}?connection=${slug}&limit=100&max_stale=0`);
    if (answer.status !== 200) return this.#note('list', codeOf(answer), answer.ms, 'no list was given');
    const { data, sources } = answer.body as ListBody;
    const ids = new Set(data.map(({ id }) => id));
    const missing = this.#known.ids.filter((id) => !ids.has(id)).length;
    const [source] = sources;
    const reason = source?.error?.code ?? 'ok';
    if (told) this.#note('list', reason, answer.ms, missing > 0 ? `${missing} are missing` : undefined);
    else if (missing > 0) this.#complain('list', `${missing} are missing`);
  }

  async #write(call: 'write' | 'lost', only: string | undefined): Promise<void> {
    this.#strike(only);
    const { path, body } = this.#ways.made;
    const sent = {
      call,
      path,
      body: { connection: this.member.slug, ...body(word(), this.#known) },
      key: randomUUID(),
    };
    this.#sent.push(sent);
    const answer = await this.#send(sent, this.row.deadlineMs);
    this.#note(call, answer.status < 300 ? 'ok' : codeOf(answer), answer.ms);
    const { operation } = answer.body as Failed;
    if (!operation) return this.#complain(call, 'no operation is named');
    const found = await this.fleet.ask(`/v1/operations/${operation.id}`);
    const { state } = (found.body as { data: { state: string } }).data;
    if (found.status !== 200 || state !== operation.state)
      this.#complain(call, `the operation is ${found.status} ${state}, and was ${operation.state}`);
  }

  async #sync(): Promise<void> {
    const { slug } = this.member;
    const { control } = this.#upstream;
    if ('expires' in this.row.origin) {
      // In the middle of a walk: its first request is answered.
      control.clear();
      control.inject({
        fault: { kind: 'expired_token' },
        skip: 1,
        ...(this.#hasSession ? { times: 1 } : {}),
      });
    } else this.#strike();
    const began = performance.now();
    const since = Date.now();
    await this.fleet.ask(`/v1/connections/${slug}/sync`, { method: 'POST' });
    // What was walked before the token expired is known; else the kind that is listed has to have failed.
    const failed = (kinds: Kinds) =>
      'expires' in this.row.origin
        ? Object.values(kinds).find(({ error }) => error)?.error
        : kinds[this.#ways.kind]?.error;
    const kinds = await this.fleet.until(slug, 'synced', (all) => {
      const done = Object.values(all).every(({ observed_at }) => Date.parse(observed_at ?? '') >= since);
      return done || failed(all) !== undefined;
    });
    this.#note('sync', failed(kinds)?.code ?? 'ok', performance.now() - began);
  }

  #ask(path: string): Promise<Answer> {
    return this.fleet.ask(path, { headers: { 'x-request-timeout': `${this.row.deadlineMs}ms` } });
  }

  #send({ path, body, key }: WriteSent, deadlineMs: number): Promise<Answer> {
    const headers = { 'idempotency-key': key, 'x-request-timeout': `${deadlineMs}ms` };
    return this.fleet.ask(path, { method: 'POST', body, headers });
  }

  async #list(path: string): Promise<ListBody> {
    const answer = await this.fleet.ask(`${path}?connection=${this.member.slug}&limit=100`);
    if (answer.status !== 200) throw new Error(`${path} answered ${answer.status}: ${codeOf(answer)}`);
    return answer.body as ListBody;
  }

  #note(call: KindOfCall, outcome: string, ms: number, broken?: string): void {
    const { row, member } = this;
    const right = expected(row, member.provider, call);
    const seen = this.met.filter((one) => one.call === call).length;
    // Whoever asks again and again meets the open circuit in place of the fault.
    const open = seen >= 4 && outcome === 'upstream_unavailable';
    const wrong = right.includes(outcome as Outcome) || open ? undefined : `not ${right.join(' or ')}`;
    const complaint = broken ?? wrong;
    this.met.push({
      row,
      provider: member.provider,
      call,
      outcome,
      ms,
      ...(complaint ? { broken: complaint } : {}),
    });
  }

  #complain(call: KindOfCall, broken: string): void {
    const { row, member } = this;
    this.met.push({ row, provider: member.provider, call, outcome: 'broken', ms: 0, broken });
  }
}

function codeOf({ body, status }: Answer): string {
  return (body as Partial<Failed>).error?.code ?? String(status);
}
