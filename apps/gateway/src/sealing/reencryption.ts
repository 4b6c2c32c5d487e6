import type pg from 'pg';
import type { Keyring } from './keyring.ts';
import { keyIdBytes } from './sealed.ts';
import { type SealedColumn, sealedColumns } from './sealed-columns.ts';

/** What became of the texts of one column. */
export interface ColumnReport {
  /** table.column */
  readonly column: string;
  /** sealed under the secret key by now, that were not before */
  readonly anew: number;
  /** that were already */
  readonly before: number;
  /** that no secret key opens which is known here; they stay as they are */
  readonly unreadable: number;
}

type Executor = Pick<pg.ClientBase, 'query'>;
interface Row {
  readonly key: string[];
  readonly sealed: Buffer;
}

/** Rows that are read at once. */
const batchSize = 200;
/** How often it is begun again for rows that somebody wrote meanwhile, under a key of before. */
const passes = 5;

/**
 * Seals everything under the first of the secret keys that was sealed under another one. The gateway may be running: a text that
 * it changes meanwhile is left alone, and looked at once more.
 */
export async function reencrypt(database: Executor, keyring: Keyring): Promise<ColumnReport[]> {
  const reports: ColumnReport[] = [];
  for (const column of sealedColumns) reports.push(await new ColumnPass(database, keyring, column).run());
  return reports;
}

class ColumnPass {
  #anew = 0;
  #unreadable = 0;

  constructor(
    private readonly database: Executor,
    private readonly keyring: Keyring,
    private readonly column: SealedColumn,
  ) {}

  async run(): Promise<ColumnReport> {
    const { table, column } = this.column;
    for (let pass = 1, again = true; again && pass <= passes; pass++) {
      this.#unreadable = 0;
      again = await this.#pass();
    }
    const { rows } = await this.database.query<{ n: number }>({
      text: `SELECT count(*)::int AS n FROM ${table} WHERE octet_length(${column}) > 0`,
    });
    const total = rows[0]?.n ?? 0;
    return {
      column: `${table}.${column}`,
      anew: this.#anew,
      before: Math.max(0, total - this.#anew - this.#unreadable),
      unreadable: this.#unreadable,
    };
  }

  /** Resolves to whether somebody else wrote something meanwhile. */
  async #pass(): Promise<boolean> {
    const sealed = this.keyring.sealed(this.column.purpose);
    const current = sealed.seal('', '').subarray(0, 1 + keyIdBytes);
    let contended = false;
    for (let after: string[] | undefined, rows: Row[]; ; after = rows.at(-1)?.key) {
      rows = await this.#next(current, after);
      for (const row of rows) {
        const name = this.column.nameOf(row.key);
        const text = sealed.open(name, row.sealed);
        if (text === undefined) this.#unreadable += 1;
        else if (await this.#put(row, sealed.seal(name, text))) this.#anew += 1;
        else contended = true;
      }
      if (rows.length < batchSize) return contended;
    }
  }

  /** The next rows that are sealed under another key than the current one, in the order of their keys. */
  async #next(current: Buffer, after: string[] | undefined): Promise<Row[]> {
    const { table, key, column } = this.column;
    const keys = key.join(', ');
    const places = key.map((_, at) => `$${at + 2}`).join(', ');
    const { rows } = await this.database.query<Row>({
      text: `SELECT ARRAY[${keys}]::text[] AS key, ${column} AS sealed FROM ${table}
        WHERE octet_length(${column}) > 0 AND substring(${column} FROM 1 FOR ${current.length}) <> $1
          ${after ? `AND (${keys}) > (${places})` : ''}
        ORDER BY ${keys} LIMIT ${batchSize}`,
      values: [current, ...(after ?? [])],
    });
    return rows;
  }

  /** Resolves to false where it is no longer what was read. */
  async #put({ key, sealed }: Row, anew: Buffer): Promise<boolean> {
    const { table, key: names, column } = this.column;
    const where = names.map((name, at) => `${name} = $${at + 3}`).join(' AND ');
    const { rowCount } = await this.database.query({
      text: `UPDATE ${table} SET ${column} = $1 WHERE ${column} = $2 AND ${where}`,
      values: [anew, sealed, ...key],
    });
    return rowCount === 1;
  }
}
