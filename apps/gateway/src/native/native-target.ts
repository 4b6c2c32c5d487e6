import { ApiError } from '../answers/api-error.ts';

export interface NativeTarget {
  readonly slug: string;
  /** what stands behind `native`, with the query, as it came */
  readonly target: string;
}

/** Letters of a path segment (RFC 3986, pchar); everything else has to be escaped. */
const segmentLetters = /^(?:[\w\-.~!$&'()*+,;=:@]|%[0-9A-Fa-f]{2})*$/;
const queryLetters = /^[\x21-\x22\x24-\x7e]*$/;
/** What a segment must not be, whatever it has to be unescaped for: a step up, or more than one segment. */
const leadsAway = /^\.{1,2}(?:;.*)?$|[/\\]|\p{Cc}/su;
/** How often an upstream may unescape a path before it reads it. */
const unescapings = 3;

const prefix = '/v1/connections/';
const native = '/native';
/** The usual path behind `native`, of which none of the questions below has to be asked: nothing in it is escaped, no segment begins with a dot. */
const plain = /^(?:\/[\w\-~!$&'()*+,=:@][\w\-.~!$&'()*+,=:@]*)*\/?$/;

/**
 * The connection and the upstream's path of a call that goes through, from the address as it came over the wire. Nothing is
 * unescaped, resolved or put right: what a parser further on could read as another path, or another host, is refused.
 */
export function nativeTarget(url: string): NativeTarget {
  const cut = url.indexOf('?');
  const path = cut < 0 ? url : url.slice(0, cut);
  const query = cut < 0 ? '' : url.slice(cut);
  const end = path.indexOf('/', prefix.length);
  const rest = path.slice(end + native.length);
  // Spelled in another way (`%76%31`), the router finds the route as well, and it cannot be told where the upstream's part begins.
  if (!path.startsWith(prefix) || !path.startsWith(native, end) || (rest !== '' && !rest.startsWith('/'))) {
    throw refused('the path before that of the upstream must be spelled as it is documented');
  }
  if (!plain.test(rest)) checkSegments(rest.split('/').slice(1));
  if (!queryLetters.test(query)) throw refused('has letters in its query that have to be escaped');
  return { slug: path.slice(prefix.length, end), target: `${rest}${query}` };
}

function checkSegments(segments: readonly string[]): void {
  segments.forEach((segment, at) => {
    if (segment === '' && at < segments.length - 1) throw refused('must not have empty segments (//)');
    if (!segmentLetters.test(segment)) throw refused('has letters that have to be escaped');
    if (canLeadAway(segment))
      throw refused('must not have segments that lead out of it (.., /, \\), escaped or not');
  });
}

function canLeadAway(segment: string): boolean {
  let text = segment;
  for (let times = 0; times <= unescapings; times += 1) {
    if (leadsAway.test(text)) return true;
    if (!text.includes('%')) return false;
    const plain = unescapedText(text);
    // A lone % may stand in a text that was unescaped; bytes that are no UTF-8 may be read as anything (an overlong slash).
    if (plain === undefined) return times === 0;
    text = plain;
  }
  return true; // who escapes that often has something to hide
}

function unescapedText(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined; // the caller knows what that means
  }
}

function refused(message: string): ApiError {
  return new ApiError('bad_request', `the path ${message}`, { details: [{ field: 'path', message }] });
}
