import { Fault } from '@fleetgate/model';
import { Inject, Injectable, Logger } from '@nestjs/common';
import type { Connection } from './connection.ts';
import { ConnectionStore, type StoredConnection, type StoredHead } from './connection-store.ts';
import { CONNECTOR, Connector } from './connector.ts';
import { LiveConnections } from './live-connections.ts';
import { secretsOf, shownOf } from './setting-secrets.ts';

/** A connection that is stored, and cannot be used here. */
export interface Unlinked {
  readonly row: StoredConnection;
  /** in words, without any value */
  readonly problem: string;
}

interface Link {
  readonly head: StoredHead;
  readonly unlinked?: Unlinked;
  readonly ended: AbortController;
  readonly superseded: AbortController;
}

/**
 * Keeps the connections of this process in step with the stored ones: links what was made, links anew what was changed, and
 * ends what was removed, with everything that it has under way. Reads one after the other, so that none is overtaken.
 */
@Injectable()
export class Links {
  readonly #log = new Logger('Connections');
  readonly #links = new Map<string, Link>();
  #turn: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly store: ConnectionStore,
    private readonly connections: LiveConnections,
    @Inject(CONNECTOR) private readonly connector: Connector,
  ) {}

  /** Resolves to whether anything has changed. */
  readAll(): Promise<boolean> {
    return this.#inTurn(async () => {
      const heads = await this.store.heads();
      const slugs = new Set(heads.map(({ slug }) => slug));
      const gone = [...this.#links.keys()].filter((slug) => !slugs.has(slug));
      const changed = heads.filter((head) => !this.#isLinked(head)).map(({ slug }) => slug);
      return this.#apply(gone, changed.length === 0 ? [] : await this.store.read(changed));
    });
  }

  /** Reads one again, and resolves to whether it has changed. */
  read(slug: string): Promise<boolean> {
    return this.#inTurn(async () => {
      const rows = await this.store.read([slug]);
      return this.#apply(rows.length === 0 ? [slug] : [], rows);
    });
  }

  /** Those that cannot be used here, in the order of their slugs. */
  unlinked(): Unlinked[] {
    const all = [...this.#links.values()].flatMap(({ unlinked }) => unlinked ?? []);
    return all.sort((a, b) => (a.row.slug < b.row.slug ? -1 : 1));
  }

  #inTurn(work: () => Promise<boolean>): Promise<boolean> {
    const mine = this.#turn.then(work);
    this.#turn = mine.catch(() => undefined); // whoever asked hears of it; the next one reads for itself
    return mine;
  }

  #isLinked({ slug, id, version }: StoredHead): boolean {
    const link = this.#links.get(slug);
    // What could not be used may be so now: its texts can have been sealed anew under a key that is known.
    return link?.head.id === id && link.head.version === version && !link.unlinked;
  }

  #apply(gone: readonly string[], rows: readonly StoredConnection[]): boolean {
    const unlinked = gone.filter((slug) => this.#unlink(slug));
    const linked = rows.filter((row) => !this.#isLinked(row) && this.#link(row));
    return unlinked.length + linked.length > 0;
  }

  #unlink(slug: string): boolean {
    const link = this.#links.get(slug);
    if (!link) return false;
    this.#links.delete(slug);
    this.connections.drop(slug);
    link.superseded.abort();
    link.ended.abort(new Fault('unavailable', `${slug} was removed`));
    this.connector.release(link.head.id);
    return true;
  }

  /** Resolves to whether it is another link than before. */
  #link(row: StoredConnection): boolean {
    const before = this.#links.get(row.slug);
    const same = before?.head.id === row.id ? before : undefined;
    if (before && !same) this.#unlink(row.slug);
    // What is under way goes on with what it began with; only what walks for long is told to begin anew.
    const ended = same?.ended ?? new AbortController();
    const superseded = new AbortController();
    const head = { id: row.id, slug: row.slug, version: row.version };
    try {
      this.connections.put(this.#joined(row, ended.signal, superseded.signal));
      this.#links.set(row.slug, { head, ended, superseded });
    } catch (error) {
      const problem = error instanceof Unusable ? error.message : 'its provider does not take its settings';
      const known = same?.unlinked?.problem === problem && same.head.version === row.version;
      if (known) return false;
      this.#log.error(`${row.slug} cannot be used: ${problem}`);
      this.connections.drop(row.slug);
      this.#links.set(row.slug, { head, ended, superseded, unlinked: { row, problem } });
    }
    same?.superseded.abort();
    return true;
  }

  #joined(row: StoredConnection, ended: AbortSignal, superseded: AbortSignal): Connection {
    const { id, slug, version, provider, team, syncIntervalMs, createdAt, updatedAt } = row;
    if (this.connections.isFixed(slug)) throw new Unusable('the file of connections has one of this name');
    const definition = this.connector.definition(provider);
    if (!definition) throw new Unusable(`no provider ${provider} is installed`);
    if (!row.settings)
      throw new Unusable('its settings cannot be opened: FLEETGATE_SECRET_KEY is another one than before');
    const parsed = definition.settings.safeParse(row.settings);
    if (!parsed.success) throw new Unusable('its settings are no longer those that its provider takes');
    const config = { slug, provider, team, syncIntervalMs, settings: parsed.data };
    const made = {
      id,
      version,
      createdAt,
      updatedAt,
      superseded,
      settings: shownOf(definition, parsed.data),
      secrets: secretsOf(definition, parsed.data).map(({ path }) => path.join('.')),
    };
    return {
      slug,
      definition,
      team,
      syncIntervalMs,
      provider: this.connector.connect(definition, config, { owner: id, ended }),
      made,
    };
  }
}

class Unusable extends Error {
  override readonly name = 'Unusable';
}
