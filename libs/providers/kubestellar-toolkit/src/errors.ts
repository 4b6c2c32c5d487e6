import type { Complaint } from '@fleetgate/provider-kit';
import { Refusal } from './wire.ts';

export function readComplaint(body: unknown): Complaint {
  const error = Refusal.safeParse(body).data?.error;
  return {
    ...(error?.code ? { code: error.code } : {}),
    ...(error?.message ? { message: error.message } : {}),
  };
}
