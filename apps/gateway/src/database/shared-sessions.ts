import type { Writable } from 'node:stream';
import type pg from 'pg';
import { lossOf } from './database-lost.ts';

/** So many statements may be under way on one session before another is taken from the pool. */
const enough = 8;

/** What pg does not name in its types: the socket of a client. */
interface Connected {
  readonly connection: { readonly stream: Pick<Writable, 'cork' | 'uncork'> };
}

interface Session {
  readonly opening: Promise<pg.PoolClient>;
  client: pg.PoolClient | undefined;
  /** statements that were asked of it and are not answered */
  underWay: number;
  /** whether the socket holds back what is written in this turn of the event loop */
  gathering: boolean;
  broken: boolean;
  readonly onError: () => void;
}

/**
 * Sessions of the pool on which several callers' statements are under way at once (pipelining): what many ask in one turn of
 * the event loop goes out in one write, and a server process that has work before it need not be woken up for each. That is
 * for statements which are known to be quick, as each is answered only after those before it. A session is borrowed while
 * there is something to ask, and given back when there is nothing.
 */
export class SharedSessions {
  readonly #sessions: Session[] = [];

  /** `most`: sessions that are borrowed at once. */
  constructor(
    private readonly pool: pg.Pool,
    private readonly most: number,
  ) {}

  async query(statement: pg.QueryArrayConfig): Promise<pg.QueryArrayResult> {
    const session = this.#leastBusy() ?? this.#borrow();
    session.underWay += 1;
    try {
      const client = session.client ?? (await session.opening);
      this.#gather(session, client);
      return await client.query(statement);
    } catch (error) {
      // Whatever is asked behind one that is not answered in time would wait as well.
      if (lossOf(error) !== undefined) session.broken = true;
      throw error;
    } finally {
      session.underWay -= 1;
      if (session.underWay === 0) this.#giveBack(session);
    }
  }

  /** undefined: another one should be borrowed. */
  #leastBusy(): Session | undefined {
    let least: Session | undefined;
    for (const session of this.#sessions) {
      if (!session.broken && (least === undefined || session.underWay < least.underWay)) least = session;
    }
    const full = least !== undefined && least.underWay >= enough;
    return full && this.#sessions.length < this.most ? undefined : least;
  }

  #borrow(): Session {
    const session: Session = {
      opening: this.pool.connect().then((client) => {
        // What is under way is rejected by the client itself.
        client.on('error', session.onError);
        session.client = client;
        return client;
      }),
      client: undefined,
      underWay: 0,
      gathering: false,
      broken: false,
      onError: () => {
        session.broken = true;
      },
    };
    this.#sessions.push(session);
    return session;
  }

  #giveBack(session: Session): void {
    this.#sessions.splice(this.#sessions.indexOf(session), 1);
    session.client?.off('error', session.onError);
    session.client?.release(session.broken);
  }

  /** Everything that is asked until the event loop turns goes out together. */
  #gather(session: Session, client: pg.PoolClient): void {
    if (session.gathering) return;
    const { stream } = (client as unknown as Connected).connection;
    session.gathering = true;
    stream.cork();
    setImmediate(() => {
      session.gathering = false;
      stream.uncork();
    });
  }
}
