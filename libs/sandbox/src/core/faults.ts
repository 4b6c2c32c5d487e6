import { isRecord } from './population.ts';

export type Fault =
  /** `ms` real milliseconds, then the normal answer. */
  | { kind: 'latency'; ms: number }
  /** Takes the request and never answers. */
  | { kind: 'hang' }
  /** The connection is reset before any byte. */
  | { kind: 'reset' }
  /** Right headers, the full content-length, half of the bytes, then the connection is cut. */
  | { kind: 'half_body' }
  /** The same, but the connection stays open, and nothing more comes. */
  | { kind: 'hang_in_body' }
  /** The normal answer, a byte every `ms` real milliseconds. */
  | { kind: 'slow_drip'; ms: number }
  /** 200 and application/json, but the body is HTML. */
  | { kind: 'not_json' }
  /** 200 and valid JSON, with the arrays (or, without any, the values) of the normal answer replaced by other types. */
  | { kind: 'wrong_shape' }
  /** 200 and an endless-looking JSON body of that many bytes, chunked. */
  | { kind: 'huge'; bytes: number }
  /** Any status; body: that upstream's own for that status unless given. */
  | { kind: 'status'; status: number; body?: unknown; headers?: Record<string, string> }
  /** 429 in the upstream's own shape. */
  | { kind: 'rate_limited'; retryAfterSeconds?: number }
  /** Refused as an expired or unknown credential. */
  | { kind: 'expired_token' }
  /** In a walk by pages one object of the first page is gone before the second: one row is never shown (see readPage). */
  | { kind: 'page_drift' }
  /** Lists answer their first page, with the same next, for ever (see readPage). */
  | { kind: 'standing_cursor' };

export interface FaultRule {
  fault: Fault;
  /** `path` is a regular expression over the path without the query. Absent: every request. */
  match?: { method?: string; path?: string };
  /** Lets that many matching requests pass first. */
  skip?: number;
  /** Acts on that many requests; absent: until cleared. */
  times?: number;
}

interface Held {
  rule: FaultRule;
  path: RegExp | null;
  passed: number;
  acted: number;
}

/** The rules in force. The first that matches and is not used up acts; one that still lets requests pass leaves them to the next. */
export class Faults {
  private held: Held[] = [];

  /** Throws RangeError that says what is wrong with a rule. */
  inject(rule: FaultRule): void {
    const checked = checkRule(rule);
    const path = checked.match?.path;
    this.held.push({
      rule: checked,
      path: path === undefined ? null : new RegExp(path),
      passed: 0,
      acted: 0,
    });
  }

  clear(): void {
    this.held = [];
  }

  rules(): FaultRule[] {
    return this.held.map((held) => held.rule);
  }

  /** Which fault acts on this request, counting it. */
  take(method: string, path: string): Fault | undefined {
    for (const held of this.held) {
      const { rule } = held;
      if (rule.match?.method !== undefined && rule.match.method.toUpperCase() !== method) continue;
      if (held.path !== null && !held.path.test(path)) continue;
      if (held.acted >= (rule.times ?? Number.POSITIVE_INFINITY)) continue;
      if (held.passed < (rule.skip ?? 0)) {
        held.passed += 1;
        continue;
      }
      held.acted += 1;
      return rule.fault;
    }
    return undefined;
  }
}

type FieldCheck = (value: unknown) => boolean;

const wholeFrom =
  (least: number): FieldCheck =>
  (value) =>
    Number.isSafeInteger(value) && (value as number) >= least;
const optional =
  (check: FieldCheck): FieldCheck =>
  (value) =>
    value === undefined || check(value);
const texts: FieldCheck = (value) =>
  isRecord(value) && Object.values(value).every((entry) => typeof entry === 'string');

const fields: Record<Fault['kind'], Record<string, FieldCheck>> = {
  latency: { ms: wholeFrom(0) },
  hang: {},
  reset: {},
  half_body: {},
  hang_in_body: {},
  slow_drip: { ms: wholeFrom(1) },
  not_json: {},
  wrong_shape: {},
  huge: { bytes: wholeFrom(32) },
  status: {
    status: (value) => wholeFrom(200)(value) && (value as number) <= 599,
    body: () => true,
    headers: optional(texts),
  },
  rate_limited: { retryAfterSeconds: optional(wholeFrom(0)) },
  expired_token: {},
  page_drift: {},
  standing_cursor: {},
};

/** The kinds there are, in the order of the documentation. */
export const faultKinds = Object.keys(fields) as readonly Fault['kind'][];

/** A rule from outside, checked: an unknown kind or field, or a value out of range, is a RangeError that names it. */
export function checkRule(value: unknown): FaultRule {
  if (!isRecord(value)) throw new RangeError('a rule is an object with a "fault"');
  refuseUnknown('rule', value, ['fault', 'match', 'skip', 'times']);
  const { fault, match } = value;
  if (!isRecord(fault) || typeof fault['kind'] !== 'string' || !Object.hasOwn(fields, fault['kind'])) {
    throw new RangeError(`fault.kind is one of: ${faultKinds.join(', ')}`);
  }
  const checks = fields[fault['kind'] as Fault['kind']];
  refuseUnknown('fault', fault, ['kind', ...Object.keys(checks)]);
  for (const [name, check] of Object.entries(checks)) {
    if (!check(fault[name])) throw new RangeError(`fault.${name} is missing or out of range`);
  }
  for (const name of ['skip', 'times']) {
    if (!optional(wholeFrom(0))(value[name])) throw new RangeError(`${name} is a whole number, 0 or more`);
  }
  if (match !== undefined) checkMatch(match);
  return structuredClone(value) as unknown as FaultRule;
}

function checkMatch(match: unknown): void {
  if (!isRecord(match) || !texts(match)) throw new RangeError('match has "method" and "path", both texts');
  refuseUnknown('match', match, ['method', 'path']);
  try {
    new RegExp(String(match['path'] ?? ''));
  } catch (error) {
    throw new RangeError('match.path is not a regular expression', { cause: error });
  }
}

function refuseUnknown(where: string, value: Record<string, unknown>, known: readonly string[]): void {
  const unknown = Object.keys(value).find((name) => !known.includes(name));
  if (unknown !== undefined) throw new RangeError(`${where} has no field "${unknown}"`);
}
