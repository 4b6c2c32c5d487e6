import type pg from 'pg';

type Executor = Pick<pg.PoolClient, 'query'>;

/**
 * Signs a user out of every browser, and ends every grant that it has given; to be called in the transaction that is the
 * reason. The replicas have to be told that the user has changed.
 */
export async function endAllOfUser(client: Executor, userId: string): Promise<void> {
  await client.query('DELETE FROM oauth_artifact WHERE user_id = $1', [userId]);
}

/** Ends all that a client was given; as above. */
export async function endAllOfClient(client: Executor, clientId: string): Promise<void> {
  await client.query('DELETE FROM oauth_artifact WHERE client_id = $1', [clientId]);
}
