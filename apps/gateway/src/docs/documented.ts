import { ErrorBody, listAnswer, oneAnswer, pageAnswer, walkAnswer, writeAnswer } from '@fleetgate/model';
import { applyDecorators } from '@nestjs/common';
import { ApiBearerAuth, ApiHeader, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { Operation } from '../operations/operation.ts';

/** The error envelope, as every route can answer it. */
const Failures = () =>
  applyDecorators(
    ApiResponse({ status: '4XX', description: 'refused: the error says why', standardSchema: ErrorBody }),
    ApiResponse({
      status: '5XX',
      description: 'failed, here or at an upstream: the error says where',
      standardSchema: ErrorBody,
    }),
  );

/** A route that answers a list of `item`s. */
export const AnswersList = (tag: string, summary: string, item: z.ZodType) =>
  applyDecorators(
    ApiTags(tag),
    ApiBearerAuth(),
    ApiOperation({ summary }),
    ApiResponse({ status: 200, description: 'a page of the list', standardSchema: listAnswer(item) }),
    Failures(),
  );

/** A route that answers a part of a log that grows: `next_cursor` is for asking again, also when there is no more yet. */
export const AnswersPage = (tag: string, summary: string, item: z.ZodType) =>
  applyDecorators(
    ApiTags(tag),
    ApiBearerAuth(),
    ApiOperation({ summary }),
    ApiResponse({ status: 200, description: 'a part of the log', standardSchema: pageAnswer(item) }),
    Failures(),
  );

/** A route that answers one `item`. */
export const AnswersOne = (tag: string, summary: string, item: z.ZodType, status = 200) =>
  applyDecorators(
    ApiTags(tag),
    ApiBearerAuth(),
    ApiOperation({ summary }),
    ApiResponse({ status, description: 'the resource', standardSchema: oneAnswer(item) }),
    Failures(),
  );

/** A route that answers a walk: a list by cursor alone. */
export const AnswersWalk = (tag: string, summary: string, item: z.ZodType) =>
  applyDecorators(
    ApiTags(tag),
    ApiBearerAuth(),
    ApiOperation({ summary }),
    ApiResponse({ status: 200, description: 'a part of the list', standardSchema: walkAnswer(item) }),
    Failures(),
  );

/** A route that changes something that the gateway itself owns. */
export const AnswersChange = (tag: string, summary: string, item: z.ZodType, status: 200 | 201 = 200) =>
  applyDecorators(
    ApiTags(tag),
    ApiBearerAuth(),
    ApiOperation({ summary }),
    ...(status === 201 ? [IdempotencyKey()] : []),
    ApiResponse({ status, description: 'done', standardSchema: oneAnswer(item) }),
    Failures(),
  );

const IdempotencyKey = () =>
  ApiHeader({
    name: 'Idempotency-Key',
    required: false,
    description: 'the same key and body within 24 hours is carried out once, and answered alike',
    schema: { type: 'string', maxLength: 257 },
  });
const IfMatch = () =>
  ApiHeader({
    name: 'If-Match',
    required: false,
    description: 'the ETag that was read: 412 when it has changed since',
    schema: { type: 'string' },
  });
const Prefer = () =>
  ApiHeader({
    name: 'Prefer',
    required: false,
    description: 'respond-async: 202 at once, with the operation to ask for',
    schema: { type: 'string' },
  });

/** A route that changes an `item`; `status` 201: it makes a new one. */
export const AnswersWrite = (tag: string, summary: string, item: z.ZodType, status: 200 | 201 = 200) =>
  applyDecorators(
    ApiTags(tag),
    ApiBearerAuth(),
    ApiOperation({ summary }),
    status === 201 ? IdempotencyKey() : IfMatch(),
    Prefer(),
    ApiResponse({
      status,
      description: 'done; or, with dry_run, what would be sent',
      standardSchema: writeAnswer(item),
    }),
    ApiResponse({
      status: 202,
      description: 'the platform still works on it; with Prefer: respond-async, the operation',
      standardSchema: z.union([writeAnswer(item), oneAnswer(Operation)]),
    }),
    Failures(),
  );

export const AnswersRemoval = (tag: string, summary: string, item: z.ZodType) =>
  applyDecorators(
    ApiTags(tag),
    ApiBearerAuth(),
    ApiOperation({ summary }),
    IfMatch(),
    Prefer(),
    ApiResponse({ status: 204, description: 'it is gone' }),
    ApiResponse({
      status: 202,
      description: 'the platform still takes it down',
      standardSchema: writeAnswer(item),
    }),
    Failures(),
  );

/** A route whose answer is a stream of Server-Sent Events that stays open. */
export const AnswersStream = (tag: string, summary: string) =>
  applyDecorators(
    ApiTags(tag),
    ApiBearerAuth(),
    ApiOperation({ summary }),
    ApiHeader({
      name: 'Last-Event-ID',
      required: false,
      description: 'the sequence of the last event that is known: the stream goes on after it',
      schema: { type: 'string' },
    }),
    ApiResponse({
      status: 200,
      description: 'the stream',
      content: { 'text/event-stream': { schema: { type: 'string' } } },
    }),
    Failures(),
  );

/** A route whose answer is a text. */
export const AnswersText = (tag: string, summary: string, type: string) =>
  applyDecorators(
    ApiTags(tag),
    ApiBearerAuth(),
    ApiOperation({ summary }),
    ApiResponse({
      status: 200,
      description: 'the text',
      content: { [type]: { schema: { type: 'string' } } },
    }),
    Failures(),
  );

/** A route that does something of our own and has nothing to tell. */
export const AnswersNothing = (tag: string, summary: string) =>
  applyDecorators(
    ApiTags(tag),
    ApiBearerAuth(),
    ApiOperation({ summary }),
    ApiResponse({ status: 204, description: 'done' }),
    Failures(),
  );
