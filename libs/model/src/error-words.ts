import { type ErrorCode, errorCodes, errorStatus } from './answers.ts';

/** What each code means, and what its caller does about it: the page of errors is made from this. */
export const errorMeaning: Readonly<Record<ErrorCode, { readonly means: string; readonly advice: string }>> =
  {
    bad_request: {
      means: 'JSON, or a header, that cannot be parsed',
      advice: 'mend the request; `message` says where',
    },
    unauthorized: {
      means: 'no credential, or one that is not good (any longer)',
      advice: 'log in again, or ask for a new key; `WWW-Authenticate` says more',
    },
    forbidden: {
      means: 'a good credential that may not do this',
      advice: 'ask an admin of the team for the scope that `details` names',
    },
    not_found: {
      means: 'there is no such thing, or it is another team’s',
      advice: 'look at the id, and at whose key you use',
    },
    method_not_allowed: {
      means: 'the path is there, the method is not',
      advice: 'use one of those in `Allow`',
    },
    conflict: {
      means: 'the platform, or the same `Idempotency-Key`, is in the middle of something',
      advice: 'wait, or read the resource again, then decide',
    },
    outcome_unknown: {
      means: 'a change was sent, no answer came, and nothing tells whether it took effect',
      advice: 'look at the resource; `operation` says how far it got. Do not just repeat it',
    },
    precondition_failed: {
      means: 'it has changed since the ETag in `If-Match`',
      advice: 'read it again, and decide anew',
    },
    payload_too_large: { means: 'the body is too large', advice: 'send less' },
    unsupported_media_type: {
      means: 'the body is of another type than the route takes',
      advice: 'send `application/json`',
    },
    validation_error: {
      means: 'well-formed, but wrong; unknown fields and parameters too',
      advice: 'mend every field in `details`',
    },
    rate_limited: {
      means: 'the limit of your team, of you, or of your address',
      advice: 'wait for `Retry-After` seconds',
    },
    internal_error: { means: 'a bug of the gateway', advice: 'report the `requestId`' },
    unsupported_by_provider: {
      means: 'the platform of this connection cannot do that',
      advice: 'see `GET /v1/providers` for what it can; `details` names what is missing',
    },
    upstream_error: {
      means: 'the platform failed, or broke its contract',
      advice: 'try again later; `source.upstream_status` is what it said',
    },
    upstream_auth_failed: {
      means: 'the platform refuses the credentials of the connection',
      advice: 'have them rotated: yours are fine',
    },
    upstream_unavailable: {
      means: 'the platform cannot be reached, or has failed so often that it is left alone for a while',
      advice: 'try again after `Retry-After` seconds',
    },
    upstream_rate_limited: {
      means: 'the platform’s own limit',
      advice: 'try again after `Retry-After` seconds',
    },
    incomplete: {
      means: 'a source that was asked for is missing, or the gateway itself cannot serve now',
      advice: 'try again after `Retry-After` seconds, or ask without `require`',
    },
    upstream_timeout: {
      means: 'the platform did not answer within the deadline',
      advice: 'reads: try again; writes: with the same `Idempotency-Key`',
    },
  };

/** The table of docs/errors.md, in Markdown. */
export function errorTable(): string {
  const rows = errorCodes.map((code) => {
    const { means, advice } = errorMeaning[code];
    return `| \`${code}\` | ${errorStatus[code]} | ${means} | ${advice} |`;
  });
  return ['| code | status | it means | what to do |', '|---|---|---|---|', ...rows].join('\n');
}
