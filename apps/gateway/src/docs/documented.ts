import { ErrorBody, listAnswer, oneAnswer } from '@fleetgate/model';
import { applyDecorators } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';

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

/** A route that answers one `item`. */
export const AnswersOne = (tag: string, summary: string, item: z.ZodType, status = 200) =>
  applyDecorators(
    ApiTags(tag),
    ApiBearerAuth(),
    ApiOperation({ summary }),
    ApiResponse({ status, description: 'the resource', standardSchema: oneAnswer(item) }),
    Failures(),
  );
