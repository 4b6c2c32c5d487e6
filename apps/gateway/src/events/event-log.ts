import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.ts';
import type { Audience, StoredEvent } from './event.ts';
import { eventTypes, namesType } from './event-types.ts';

export interface EventQuery {
  /** sequence of the last event that is known already */
  readonly after: number;
  readonly limit: number;
  /** types, some with wildcards; undefined: all */
  readonly types?: readonly string[] | undefined;
  readonly resource?: string | undefined;
  readonly audience: Audience;
}

/** Reads the event log. */
@Injectable()
export class EventLog {
  constructor(private readonly database: Database) {}

  /** The next events after one, in order. */
  async read({ after, limit, types, resource, audience }: EventQuery): Promise<StoredEvent[]> {
    const values: unknown[] = [after, limit];
    const add = (value: unknown) => `$${values.push(value)}`;
    const conditions = ['sequence > $1'];
    if (types) {
      conditions.push(`type = ANY(${add(eventTypes.filter((type) => namesType(types, type)))}::text[])`);
    }
    if (resource !== undefined) conditions.push(`resource_id = ${add(resource)}`);
    const heard: string[] = [];
    heard.push(
      audience.connections
        ? `connection = ANY(${add(audience.connections)}::text[])`
        : 'connection IS NOT NULL',
    );
    heard.push(
      audience.teams
        ? `(connection IS NULL AND team = ANY(${add(audience.teams)}::text[]))`
        : 'connection IS NULL',
    );
    return this.database.query<StoredEvent>({
      text: `SELECT sequence, id, type, connection, team, resource_id AS "resourceId", body FROM event
        WHERE ${conditions.join(' AND ')} AND (${heard.join(' OR ')}) ORDER BY sequence LIMIT $2`,
      values,
    });
  }

  /** The oldest sequence that is kept and the newest there is. */
  async bounds(): Promise<{ oldest: number; newest: number }> {
    const [row] = await this.database.query<{ oldest: number | null; newest: number }>({
      name: 'event-bounds',
      text: `SELECT (SELECT min(sequence) FROM event) AS oldest, sequence AS newest FROM event_head`,
    });
    const newest = row?.newest ?? 0;
    return { oldest: row?.oldest ?? newest + 1, newest };
  }

  /** The sequence of an event by its id; undefined where there is none of that id any more. */
  async sequenceOf(id: string): Promise<number | undefined> {
    const [row] = await this.database.query<{ sequence: number }>({
      name: 'event-sequence',
      text: 'SELECT sequence FROM event WHERE id = $1',
      values: [id],
    });
    return row?.sequence;
  }

  /** The sequence of the first event of that moment or after it; of the next one that there will be, where there is none. */
  async firstSince(moment: Date): Promise<number> {
    const [row] = await this.database.query<{ sequence: number }>({
      name: 'event-since',
      text: `SELECT coalesce((SELECT min(sequence) FROM event WHERE at >= $1), (SELECT sequence + 1 FROM event_head)) AS sequence`,
      values: [moment.toISOString()],
    });
    return row?.sequence ?? 1;
  }
}
