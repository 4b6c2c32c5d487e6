import { Instant } from '@fleetgate/model';
import { z } from 'zod';
import { uuidv7 } from '../http/request-id.ts';
import { eventTypes } from './event-types.ts';

export const Event = z
  .object({
    id: z.string(),
    type: z.enum(eventTypes),
    created_at: Instant.describe('when the gateway learnt of it'),
    sequence: z.number().int().describe('one more than that of the event before, over all events'),
    resource_version: z.number().int().nullable().describe('grows with every change of the resource'),
    requestId: z.string().nullable().describe('of the request that caused it, where it was one of ours'),
    previous: z.object({ status: z.string().nullable() }).nullable(),
    inferred: z.boolean().describe('true: nobody saw it, but it must have happened'),
    connection: z.string().nullable(),
    data: z
      .record(z.string(), z.unknown())
      .describe('the resource under the name of its kind, as it was then'),
  })
  .meta({ id: 'Event' });

export function newEventId(): string {
  return `evt_${uuidv7()}`;
}

/** One event as it is stored and sent: its text, and what it is chosen by. */
export interface StoredEvent {
  readonly sequence: number;
  readonly id: string;
  readonly type: string;
  readonly connection: string | null;
  readonly team: string | null;
  readonly resourceId: string | null;
  /** finished JSON */
  readonly body: string;
}

/** What a caller may see of the log. */
export interface Audience {
  /** slugs of connections; undefined: all */
  readonly connections: readonly string[] | undefined;
  /** ids of teams; undefined: all */
  readonly teams: readonly string[] | undefined;
}

export function mayHear({ connections, teams }: Audience, event: StoredEvent): boolean {
  if (event.connection !== null) return connections === undefined || connections.includes(event.connection);
  return teams === undefined || (event.team !== null && teams.includes(event.team));
}
