import { z } from 'zod';
import { Instant } from './resources.ts';

/**
 * What can become of a write. `unresolved`: a request went out, and nobody knows yet whether it took effect; asking again with
 * the same Idempotency-Key goes on from there.
 */
export const operationStates = ['running', 'succeeded', 'failed', 'unresolved'] as const;
export type OperationState = (typeof operationStates)[number];

export const OperationStep = z
  .object({
    name: z.string(),
    state: z.enum(['begun', 'done']),
    began_at: Instant,
    ended_at: Instant.nullable(),
    result: z.unknown().describe('what the step left upstream: a key, mostly; null until it is done'),
  })
  .meta({ id: 'OperationStep' });

/** The part of an operation that goes with the answer to the request that asked for it. */
export const OperationBlock = z
  .object({
    id: z.string(),
    state: z.enum(operationStates),
    steps: z.array(OperationStep).describe('in the order in which they were begun'),
    left_behind: z
      .array(z.string())
      .describe('steps that took effect, or may have, of an operation that did not succeed'),
  })
  .meta({ id: 'OperationBlock' });
export type OperationBlock = z.infer<typeof OperationBlock>;
