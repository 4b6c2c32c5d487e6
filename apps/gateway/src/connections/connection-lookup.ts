import { Injectable } from '@nestjs/common';
import { may, type Principal } from '../access/principal.ts';
import { noSuch } from '../answers/api-error.ts';
import { stillFile } from './connection-refusals.ts';
import { mayChange } from './connection-rights.ts';
import { ConnectionStore, type StoredConnection } from './connection-store.ts';
import { LiveConnections } from './live-connections.ts';

/** Finds what a caller means to change. */
@Injectable()
export class ConnectionLookup {
  constructor(
    private readonly store: ConnectionStore,
    private readonly connections: LiveConnections,
  ) {}

  /** The stored row, as it is now: `not_found` for what the caller may not see, `conflict` for what stands in the file. */
  async stored(slug: string, principal: Principal): Promise<StoredConnection> {
    const fixed = this.isFixed(slug) ? this.connections.find(slug) : undefined;
    const [row] = fixed ? [] : await this.store.read([slug]);
    const seen = fixed ?? row;
    const sees = (team: string | null) =>
      mayChange(principal, team) || may(principal, 'connections:read', team);
    if (!seen || !sees(seen.team)) throw noSuch('connection');
    if (!row) throw stillFile(slug);
    return row;
  }

  isFixed(slug: string): boolean {
    return this.connections.isFixed(slug);
  }
}
