const answeredHeaders: ReadonlySet<string> = new Set([
  'audituid', // Palette's name for a request id
  'content-type',
  'date',
  'etag',
  'location',
  'retry-after',
  'x-request-id',
]);
const answeredPrefixes = ['ratelimit', 'x-ratelimit-'];

/** Of an answer's headers, those that a provider or the runtime has a use for. */
export function readHeaders(received: NodeJS.Dict<string | string[]>): Record<string, string> {
  const entries = Object.entries(received).flatMap(([name, value]) => {
    const wanted = answeredHeaders.has(name) || answeredPrefixes.some((prefix) => name.startsWith(prefix));
    return wanted && value !== undefined ? [[name, Array.isArray(value) ? value.join(', ') : value]] : [];
  });
  return Object.fromEntries(entries);
}
