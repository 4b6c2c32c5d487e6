import type { Met } from './cell.ts';
import { kindsOfCalls } from './expectations.ts';

export interface Line {
  readonly name: string;
  readonly deadlineMs: number;
  readonly met: readonly Met[];
  /** 99 of 100 answers of the other connections came within so many milliseconds: before, and meanwhile */
  readonly others?: { readonly before: number; readonly meanwhile: number };
}

const heads = {
  list: 'list, refreshed',
  known: 'one, from its copy',
  new: 'one, unknown',
  write: 'write',
  lost: 'only the change',
  sync: 'sync',
};
const words: Readonly<Record<string, string>> = {
  upstream_unavailable: 'unavailable',
  upstream_timeout: 'timeout',
  upstream_error: 'error',
  upstream_rate_limited: 'rate_limited',
  upstream_auth_failed: 'auth_failed',
};

/** A line for each fault: what every kind of call came to at all platforms, and the longest time that it took, in seconds. */
export function table(lines: readonly Line[], title: string): string {
  const head = ['fault', 'deadline', ...kindsOfCalls.map((call) => heads[call]), 'p99 of others'];
  const rows = lines.map(({ name, deadlineMs, met, others }) => [
    name,
    seconds(deadlineMs),
    ...kindsOfCalls.map((call) => cellOf(met.filter((one) => one.call === call))),
    others ? `${Math.round(others.before)} → ${Math.round(others.meanwhile)} ms` : '',
  ]);
  const widths = head.map((_, at) => Math.max(...[head, ...rows].map((row) => (row[at] ?? '').length)));
  const text = (row: readonly string[]) =>
    row
      .map((one, at) => one.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd();
  const rule = widths.map((width) => '─'.repeat(width)).join('  ');
  return ['', title, '', text(head), rule, ...rows.map(text), ''].join('\n');
}

function cellOf(met: readonly Met[]): string {
  if (met.length === 0) return '–';
  const outcomes = [
    ...new Set(met.map(({ outcome, broken }) => `${words[outcome] ?? outcome}${broken ? ' ✗' : ''}`)),
  ];
  return `${outcomes.join(' | ')} ${seconds(Math.max(...met.map(({ ms }) => ms)))}`;
}

const seconds = (ms: number) => `${(ms / 1000).toFixed(ms < 10_000 ? 1 : 0)}s`;
