import type { Kind } from '@fleetgate/model';

/** Members of an answer that tell of other rows, as the statements of list-statement.ts give them. */
export type Extras = readonly unknown[];

export interface Observed {
  readonly body: string;
  readonly observedMs: number;
  readonly native: string | null;
  readonly extras: Extras;
}

/** The finished JSON text of a resource. The stored body is never parsed: what is not in it is put in behind it. */
export function resourceText(kind: Kind, { body, observedMs, native, extras }: Observed): string {
  const told = native === null ? '' : `,"native":${native}`;
  return `${body.slice(0, -1)}${othersText(kind, extras)},"observed_at":"${instantText(observedMs)}"${told}}`;
}

/** The part of a resource's text that other rows decide. */
export function othersText(kind: Kind, extras: Extras): string {
  if (kind === 'project') {
    const [total, ...latest] = extras as [number | null, ...Latest];
    return `,"deployments":{"total":${total ?? 0},"latest":${latestText(latest) ?? 'null'}}`;
  }
  if (kind === 'deployment') {
    const [told, ...latest] = extras as [string | null, ...Latest];
    return `,"latest_release":${latestText(latest) ?? told ?? 'null'}`;
  }
  return '';
}

type Latest = [id: string | null, status: string | null, createdMs: number | null];

/** Ids and status words are made of characters that need no escaping. */
function latestText([id, status, createdMs]: Latest): string | undefined {
  if (id === null) return undefined;
  const created = createdMs === null || !Number.isFinite(createdMs) ? 'null' : `"${instantText(createdMs)}"`;
  return `{"id":"${id}","status":"${status}","created_at":${created}}`;
}

let lastMs = Number.NaN;
let lastText = '';

/** RFC 3339 with milliseconds. Rows of one page were mostly observed at one moment, so the last one is remembered. */
export function instantText(ms: number): string {
  if (ms !== lastMs) {
    lastText = new Date(ms).toISOString();
    lastMs = ms;
  }
  return lastText;
}
