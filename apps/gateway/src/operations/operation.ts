import { ErrorDetail, errorCodes, Instant, type Kind, OperationBlock } from '@fleetgate/model';
import type { WriteOperation } from '@fleetgate/provider-spec';
import { z } from 'zod';
import { uuidv7 } from '../http/request-id.ts';

/** A write, and how far it has come. */
export const Operation = OperationBlock.extend({
  connection: z.object({ id: z.string(), provider: z.string() }),
  kind: z.string(),
  action: z.string(),
  resource_id: z.string().nullable(),
  error: z
    .object({ code: z.enum(errorCodes), message: z.string(), details: z.array(ErrorDetail) })
    .nullable(),
  request_id: z.string().describe('of the request that asked for it'),
  created_at: Instant,
  updated_at: Instant,
}).meta({ id: 'Operation' });
export type Operation = z.infer<typeof Operation>;

/** One call of a provider's operation, as it can be stored, and made again by another process. */
export interface Write {
  readonly kind: Kind;
  readonly action: WriteOperation;
  /** of the provider's operation: plain JSON */
  readonly input: unknown;
  /** the deployment to be made in the project that `create` made, in the same operation */
  readonly then?: unknown;
}

export function newOperationId(): string {
  return `op_${uuidv7()}`;
}

/** What marks an operation's objects upstream: made of its id, so that it is the same after a crash. */
export function stampOf(operationId: string): string {
  const number = BigInt(`0x${operationId.replace(/[^0-9a-f]/g, '')}`);
  return `fg-${number.toString(36).padStart(26, '0')}`;
}
