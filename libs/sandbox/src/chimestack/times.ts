import { isoTime } from '../core/clock.ts';

/** What a Go server writes for a time that is not set. */
export const zeroTime = '0001-01-01T00:00:00Z';

const eightHours = 8 * 60 * 60 * 1000;

/** UTC with nanoseconds: 2024-04-17T08:46:42.227101717Z. `fraction` is below 1e9 and stands for all of the second's fraction. */
export function utcTime(ms: number, fraction: number): string {
  return `${isoTime(ms).slice(0, 19)}.${String(fraction % 1_000_000_000).padStart(9, '0')}Z`;
}

/** The same instant as a server at +08:00 writes it. */
export function offsetTime(ms: number, fraction: number): string {
  return utcTime(ms + eightHours, fraction).replace('Z', '+08:00');
}
