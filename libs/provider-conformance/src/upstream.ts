import type { Kind } from '@fleetgate/model';

/** What the suite can make an upstream do wrong. Each acts on the wire, as a broken upstream or network would. */
export type UpstreamFault =
  | { kind: 'latency'; ms: number }
  | { kind: 'hang' }
  | { kind: 'reset' }
  | { kind: 'half_body' }
  | { kind: 'not_json' }
  | { kind: 'wrong_shape' }
  | { kind: 'huge'; bytes: number }
  | { kind: 'status'; status: number; body?: unknown; headers?: Record<string, string> }
  | { kind: 'rate_limited'; retryAfterSeconds?: number }
  | { kind: 'page_drift' }
  | { kind: 'standing_cursor' };

export interface FaultRule {
  fault: UpstreamFault;
  /** path: a regular expression over the path without query */
  match?: { method?: string; path?: string };
  /** how many matching requests pass first */
  skip?: number;
  /** how many times it acts; absent: until cleared */
  times?: number;
}

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  /** lower-case names */
  readonly headers: Readonly<Record<string, string>>;
  /** null: not answered */
  readonly status: number | null;
}

/** The hand that the suite has on an upstream. */
export interface UpstreamControl {
  inject(rule: FaultRule): void;
  clear(): void;
  /** every request since the start or the last `forget`, oldest first, at the latest when it is answered or hangs */
  requests(): readonly SeenRequest[];
  forget(): void;
  /** every session token issued so far is refused from now on; keys that never end stay good */
  expireSessions(): void;
  readonly clock: { now(): number; advance(ms: number): void };
  /** new objects; their keys as the upstream has them */
  add(kind: Kind, count: number): readonly string[];
  /** takes one away as the upstream would show it; false: there is none */
  remove(kind: Kind, key: string): boolean;
  /** lays wire fields over one object (deep merge); false: there is none */
  touch(kind: Kind, key: string, change: Record<string, unknown>): boolean;
  /** how many live objects it serves */
  size(kind: Kind): number;
}

/** An upstream (emulated, on a port of its own) that is the suite's alone; its clock stands still until it is advanced. */
export interface UpstreamUnderTest {
  readonly origin: string;
  /** as the provider's setting of that name */
  readonly baseUrl: string;
  /** a valid set, named as the provider's settings */
  readonly credentials: Readonly<Record<string, string>>;
  readonly control: UpstreamControl;
  close(): Promise<void>;
}
