import type { Complaint } from '@fleetgate/provider-kit';
import { Refusal } from './wire.ts';

export function readComplaint(body: unknown): Complaint {
  const error = Refusal.safeParse(body).data?.error;
  if (!error) return {};
  const fields = (error.details ?? []).map(({ field, message }) => `${field}: ${message}`);
  const message = [error.message, ...fields].filter(Boolean).join('; ');
  return { ...(error.code ? { code: error.code } : {}), ...(message ? { message } : {}) };
}
