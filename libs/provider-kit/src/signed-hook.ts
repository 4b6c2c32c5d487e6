import { Fault } from '@fleetgate/model';
import type { Hook } from '@fleetgate/provider-spec';
import { Webhook } from 'standardwebhooks';

const names = ['webhook-id', 'webhook-timestamp', 'webhook-signature'] as const;

/**
 * Throws `unauthenticated` unless the message is signed with that secret as Standard Webhooks describes it
 * (standardwebhooks.com), within the last five minutes. A secret that does not begin with `whsec_` is taken as it stands.
 */
export function assertSigned(secret: string, { headers, body }: Hook): void {
  const signed = Object.fromEntries(names.map((name) => [name, headers[name] ?? '']));
  try {
    new Webhook(secret, secret.startsWith('whsec_') ? {} : { format: 'raw' }).verify(body, signed);
  } catch (cause) {
    throw new Fault('unauthenticated', 'the message is not signed with the secret of this connection', {
      cause,
    });
  }
}
