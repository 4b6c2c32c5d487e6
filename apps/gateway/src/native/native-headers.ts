/** For one connection only (RFC 9110, 7.6.1), or about how the message itself is sent. */
const ofTheHop = [
  'connection',
  'keep-alive',
  'http2-settings',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
];

/** Of a request: who calls us, by which way, and what we say ourselves. */
const keptFromUpstream: ReadonlySet<string> = new Set([
  ...ofTheHop,
  'host',
  'content-length',
  'expect',
  // credentials, ours and those that some upstream might take in place of the connection's
  'authorization',
  'cookie',
  'api-key',
  'apikey',
  'x-api-key',
  'x-auth-token',
  // where the caller is
  'forwarded',
  'via',
  'x-real-ip',
  'origin',
  'referer',
  // the story of the request
  'x-request-id',
  'traceparent',
  'tracestate',
  'baggage',
]);
const keptPrefixes = ['x-forwarded-', 'x-fleetgate-', 'sec-'];

/** Whether a header of a request (in lower case) goes on, unless `Connection` names it. */
export function goesOn(name: string): boolean {
  if (keptFromUpstream.has(name)) return false;
  const first = name.charCodeAt(0);
  return (first !== x && first !== s) || !keptPrefixes.some((prefix) => name.startsWith(prefix));
}
const [x, s] = ['x'.charCodeAt(0), 's'.charCodeAt(0)];

/** Of an answer: a session that is the connection's, and what a browser would take for rules of our own address. */
const keptFromCaller: ReadonlySet<string> = new Set([
  ...ofTheHop,
  'set-cookie',
  'set-cookie2',
  'alt-svc',
  'clear-site-data',
  'content-security-policy',
  'content-security-policy-report-only',
  'nel',
  'report-to',
  'reporting-endpoints',
  'service-worker-allowed',
  'strict-transport-security',
  'x-content-type-options',
]);

/** The headers of a call that go on: name, value, name, value, … as they came. */
export function nativeHeaders(raw: readonly string[], connection: string | undefined): string[] {
  const named = namedIn(connection);
  const passed: string[] = [];
  for (let at = 0; at < raw.length; at += 2) {
    const name = (raw[at] as string).toLowerCase();
    if (goesOn(name) && !named?.has(name)) passed.push(name, raw[at + 1] as string);
  }
  return passed;
}

/**
 * The headers of an answer that go on, after those of `ours` (lower-case names): they are said already, and the upstream's of
 * the same name are left out.
 */
export function answerHeaders(raw: readonly Buffer[], ours: ReadonlySet<string>): string[] {
  const passed: string[] = [];
  let named: ReadonlySet<string> | undefined;
  for (let at = 0; at < raw.length; at += 2) {
    const name = (raw[at] as Buffer).toString('latin1').toLowerCase();
    const value = (raw[at + 1] as Buffer).toString('latin1');
    if (name === 'connection') named = namedIn(value) ?? named;
    else if (!keptFromCaller.has(name) && !name.startsWith('access-control-') && !ours.has(name)) {
      passed.push(name, value);
    }
  }
  if (named === undefined) return passed;
  return passed.filter((_, at) => !named.has(passed[at - (at % 2)] as string));
}

/** Headers that are for this hop because `Connection` names them; undefined: it names none. */
function namedIn(connection: string | undefined): ReadonlySet<string> | undefined {
  if (connection === undefined || /^(keep-alive|close)$/i.test(connection)) return undefined;
  return new Set(connection.split(',').map((name) => name.trim().toLowerCase()));
}
