/** SQL for a time as the API tells it (RFC 3339, UTC, milliseconds). Sessions of ours are in UTC. */
export function instant(expression: string): string {
  return `to_char(${expression}, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
}
