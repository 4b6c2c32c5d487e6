const answeredHeaders: ReadonlySet<string> = new Set([
  'audituid', // Palette's name for a request id
  'content-type',
  'date',
  'etag',
  'location',
  'retry-after',
  'x-request-id',
]);

/** Of an answer's headers, those that a provider or the runtime has a use for. */
export function readHeaders(received: NodeJS.Dict<string | string[]>): Record<string, string> {
  const read: Record<string, string> = {};
  for (const name of Object.keys(received)) {
    const wanted =
      answeredHeaders.has(name) || name.startsWith('x-ratelimit-') || name.startsWith('ratelimit');
    const value = received[name];
    if (wanted && value !== undefined) read[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return read;
}
