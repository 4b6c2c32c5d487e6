import { Fault } from '@fleetgate/model';

const endedEarly = 'ended early';
const notHttp = 'not HTTP';

/** Error codes of Node and undici, by what they mean to a caller; `host` begins the sentence. */
const faults: Readonly<
  Record<string, readonly ['unavailable' | 'timeout' | 'unexpected' | 'invalid', string]>
> = {
  ECONNREFUSED: ['unavailable', 'refused the connection'],
  ECONNRESET: ['unavailable', 'reset the connection'],
  EPIPE: ['unavailable', 'closed the connection'],
  UND_ERR_SOCKET: ['unavailable', 'closed the connection before its answer was whole'],
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: ['unavailable', 'closed the connection before its answer was whole'],
  [endedEarly]: ['unavailable', 'closed the connection before its answer was whole'],
  ENOTFOUND: ['unavailable', 'is a name without an address'],
  EAI_AGAIN: ['unavailable', 'is a name that cannot be resolved at present'],
  EHOSTUNREACH: ['unavailable', 'cannot be reached'],
  ENETUNREACH: ['unavailable', 'cannot be reached'],
  ETIMEDOUT: ['timeout', 'did not take the connection in time'],
  UND_ERR_CONNECT_TIMEOUT: ['timeout', 'did not take the connection in time'],
  UND_ERR_HEADERS_OVERFLOW: ['unexpected', 'answered with more headers than is allowed'],
  UND_ERR_INVALID_ARG: ['invalid', 'was not asked: the request has a malformed header or address'],
  UND_ERR_NOT_SUPPORTED: ['invalid', 'was not asked: the request has a header that is not allowed'],
};

/** The fault for an error of the network. The message names the host and the reason, never a path, query or header. */
export function networkFault(error: unknown, host: string): Fault {
  const code = codeOf(error);
  const known = faults[code];
  if (known) {
    return new Fault(known[0], `${host} ${known[1]}`, { cause: error });
  }
  // What the parser throws holds the upstream's bytes, which may be anybody's secret: no cause.
  if (code === notHttp) return new Fault('unexpected', `${host} answered something that is not HTTP`);
  if (/^(CERT_|ERR_TLS_|ERR_SSL_|DEPTH_|SELF_SIGNED_|UNABLE_TO_|EPROTO)/.test(code)) {
    return new Fault('unavailable', `${host} offers no TLS that can be trusted (${code})`, { cause: error });
  }
  return new Fault('unavailable', `the connection to ${host} failed${code && ` (${code})`}`, {
    cause: error,
  });
}

function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return '';
  // undici's parser names what it met in its message only.
  if (error instanceof Error && error.name === 'HTTPParserError') {
    return error.message.includes('Invalid EOF state') ? endedEarly : notHttp;
  }
  if ('code' in error && typeof error.code === 'string') return error.code;
  // A host with several addresses fails with one error for each.
  return 'errors' in error && Array.isArray(error.errors) ? codeOf(error.errors[0]) : '';
}
