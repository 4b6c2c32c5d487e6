import type { Complaint } from '@fleetgate/provider-kit';
import { Refusal } from './wire.ts';

/** Fields of its bodies that have another name in our inputs. */
const ours: Readonly<Record<string, string>> = {
  team_id: 'team',
  template: 'spec.template',
  visibility: 'spec.visibility',
  commit: 'spec.commit',
};

export function readComplaint(body: unknown): Complaint {
  const error = Refusal.safeParse(body).data?.error;
  if (!error) return {};
  const details = error.details ?? [];
  const fields = details.map(({ field, message }) => `${field}: ${message}`);
  const message = [error.message, ...fields].filter(Boolean).join('; ');
  return {
    ...(error.code ? { code: error.code } : {}),
    ...(message ? { message } : {}),
    details: details.map(({ field, message }) => ({ field: ours[field] ?? field, message })),
  };
}
