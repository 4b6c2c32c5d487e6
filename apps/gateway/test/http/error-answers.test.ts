import { ErrorBody, errorStatus, Fault, faultCodes } from '@fleetgate/model';
import { BadRequestException, InternalServerErrorException, NotFoundException } from '@nestjs/common';
import { ApiError } from '../../src/answers/api-error.ts';
import { errorOfFault } from '../../src/answers/upstream-errors.ts';
import type { Connection } from '../../src/connections/connection.ts';
import { errorAnswer } from '../../src/http/error-answers.ts';

const id = 'req-12345678';
const connection = {
  slug: 'fm-east',
  definition: { id: 'fleet-manager', title: 'FM' },
} as unknown as Connection;

describe('the error answer', () => {
  it.each(Object.keys(errorStatus) as (keyof typeof errorStatus)[])(
    'of %s has its status and one shape',
    (code) => {
      const answer = errorAnswer(new ApiError(code, 'because'), id, undefined);
      const body = ErrorBody.parse(JSON.parse(answer.body));
      expect(answer.status).toBe(errorStatus[code]);
      expect(body).toEqual({
        error: { code, message: 'because', status: errorStatus[code], details: [] },
        requestId: id,
      });
      expect(answer.headers).toMatchObject({ 'x-request-id': id, 'cache-control': 'no-store' });
    },
  );

  it('tells nothing of what nobody foresaw', () => {
    for (const error of [
      new Error('password=hunter2'),
      new InternalServerErrorException('hunter2'),
      'hunter2',
      null,
      undefined,
      { statusCode: 500, message: 'hunter2' },
    ]) {
      const answer = errorAnswer(error, id, undefined);
      expect(answer).toMatchObject({ status: 500, unforeseen: true });
      expect(answer.body).not.toContain('hunter2');
      expect(JSON.parse(answer.body).error.code).toBe('internal_error');
    }
  });

  it.each([
    [new NotFoundException('x'), 'not_found'],
    [new BadRequestException('x'), 'bad_request'],
    [{ code: 'FST_ERR_CTP_BODY_TOO_LARGE' }, 'payload_too_large'],
    [{ code: 'FST_ERR_CTP_INVALID_MEDIA_TYPE' }, 'unsupported_media_type'],
    [{ code: 'FST_ERR_CTP_INVALID_JSON_BODY' }, 'bad_request'],
    [{ statusCode: 418 }, 'bad_request'],
  ])('knows the refusals of the framework: %#', (error, code) => {
    expect(JSON.parse(errorAnswer(error, id, undefined).body).error.code).toBe(code);
  });

  it('is a problem document for who asks for one, with the same facts', () => {
    const error = new ApiError('validation_error', 'not valid: limit', {
      details: [{ field: 'limit', message: 'too large' }],
    });
    const answer = errorAnswer(error, id, 'application/problem+json, */*');
    expect(answer.headers['content-type']).toContain('application/problem+json');
    expect(JSON.parse(answer.body)).toEqual({
      type: 'about:blank',
      title: 'validation error',
      status: 422,
      detail: 'not valid: limit',
      code: 'validation_error',
      details: [{ field: 'limit', message: 'too large' }],
      requestId: id,
    });
  });
});

describe("an upstream's fault", () => {
  const statuses = {
    invalid: 422,
    unauthenticated: 502,
    forbidden: 502,
    not_found: 404,
    conflict: 409,
    rate_limited: 503,
    unsupported: 501,
    unavailable: 503,
    timeout: 504,
    unexpected: 502,
    outcome_unknown: 409,
  };
  it.each(faultCodes)('%s is never a 401 or 403, and names where it comes from', (code) => {
    const fault = new Fault(code, 'words', { upstream: { status: 401, code: 'E1' }, retryAfterMs: 1500 });
    const answer = errorAnswer(errorOfFault(fault, connection), id, undefined);
    expect(answer.status).toBe(statuses[code]);
    expect(JSON.parse(answer.body).error.source).toEqual({
      connection: 'fm-east',
      provider: 'fleet-manager',
      upstream_status: 401,
      upstream_code: 'E1',
    });
    expect(answer.headers['retry-after']).toBe(statuses[code] === 503 ? '2' : undefined);
  });
});
