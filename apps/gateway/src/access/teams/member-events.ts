import type pg from 'pg';
import { tellOf } from '../../events/outbox.ts';
import type { Role } from '../scopes.ts';

interface Membership {
  readonly team: { readonly id: string; readonly slug: string; readonly name: string };
  readonly userId: string;
  /** that it has from now on, or had */
  readonly role: Role;
  /** of the request that caused it */
  readonly requestId: string;
}

/** Tells the team that it has a member more, or one less, in the transaction that makes it so. */
export async function tellOfMember(
  client: pg.PoolClient,
  change: 'member_added' | 'member_removed',
  { team: { id, slug, name }, userId, role, requestId }: Membership,
): Promise<void> {
  const { rows } = await client.query<{ id: string; user_name: string; name: string }>({
    text: 'SELECT id, user_name, name FROM app_user WHERE id = $1',
    values: [userId],
  });
  const body = { id, slug, name, member: { ...rows[0], role } };
  await tellOf(client, { kind: 'team', change, team: id, body, requestId });
}
