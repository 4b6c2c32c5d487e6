/** The database is away, takes longer than anybody waits, or has no room. What was asked of it may be asked again. */
export class DatabaseLost extends Error {
  override readonly name = 'DatabaseLost';
  /** it answers, and has no room for what is to be stored */
  readonly full: boolean;

  constructor(cause?: unknown) {
    const full = (cause as { code?: unknown } | undefined)?.code === diskFull;
    super(
      full ? 'the disk of the database is full' : 'the database does not answer',
      cause === undefined ? undefined : { cause },
    );
    this.full = full;
  }
}

const diskFull = '53100';

/** Codes of a connection that cannot be made: nobody else can make one either. */
const unreachable = new Set([
  'ECONNREFUSED',
  'ENOENT',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  '57P03',
]);
/** Codes and words of a session that ended in the middle, or of a statement that found no room: the next one may well be had. */
const cutOff = new Set([
  'ECONNRESET',
  'EPIPE',
  '57P01',
  '57P02',
  '53300',
  diskFull,
  '08000',
  '08003',
  '08006',
]);
const cutOffWords = /^(Connection terminated|Client has encountered a connection error)/;
const lateWords = /^(Query read timeout|timeout exceeded when trying to connect)/;

/** all: no statement would be answered now; one: this one was not. undefined: it is about something else. */
export function lossOf(error: unknown): 'all' | 'one' | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const {
    code = '',
    message = '',
    errors,
  } = error as { code?: string; message?: string; errors?: unknown[] };
  if (errors) return errors.map(lossOf).find((loss) => loss !== undefined);
  if (unreachable.has(code) || lateWords.test(message)) return 'all';
  return cutOff.has(code) || cutOffWords.test(message) ? 'one' : undefined;
}

/** How long nothing is asked after a loss, in milliseconds; after that it is one statement that finds out. */
const pause = 250;

/** Lets statements pass while the database is there; while it is not they fail at once, and nothing piles up. */
export class DatabaseGate {
  #lostAt: number | undefined;
  #probing = false;

  constructor(private readonly now: () => number = () => performance.now()) {}

  async pass<T>(work: () => Promise<T>): Promise<T> {
    const probes = this.#lostAt !== undefined;
    if (this.#lostAt !== undefined) {
      if (this.#probing || this.now() - this.#lostAt < pause) throw new DatabaseLost();
      this.#probing = true;
    }
    try {
      const outcome = await work();
      if (probes) this.#lostAt = undefined;
      return outcome;
    } catch (error) {
      const loss = lossOf(error);
      if (loss === 'all') this.#lostAt = this.now();
      else if (probes && loss === undefined) this.#lostAt = undefined; // it answers, though not what was hoped for
      throw loss === undefined ? error : new DatabaseLost(error);
    } finally {
      if (probes) this.#probing = false;
    }
  }
}
