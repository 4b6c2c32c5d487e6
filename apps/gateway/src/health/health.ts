import { type Kind, kinds } from '@fleetgate/model';
import { Inject, Injectable } from '@nestjs/common';
import { ApiError } from '../answers/api-error.ts';
import { CONNECTIONS, type Connections } from '../connections/connection.ts';
import { Database } from '../database/database.ts';
import { migrations } from '../database/migrations.ts';
import { Sources } from '../inventory/sources.ts';
import { holds } from '../reading/scope.ts';
import { SHARED, type Shared } from '../redis/redis.module.ts';

/** How long readiness waits for the database, in milliseconds. */
const patience = 2000;

@Injectable()
export class Health {
  #stopping = false;

  constructor(
    @Inject(CONNECTIONS) private readonly connections: Connections,
    private readonly database: Database,
    private readonly sources: Sources,
    @Inject(SHARED) private readonly shared: Shared,
  ) {}

  /** true while Redis is lost: each replica then counts calls for itself. */
  alone(): boolean {
    return this.shared !== null && !this.shared.redis.up;
  }

  /** true as soon as any source of any kind is failing, or Redis is lost. */
  degraded(): boolean {
    if (this.alone()) return true;
    return kinds.some((kind: Kind) => {
      const slugs = this.connections
        .all()
        .filter((one) => holds(one, kind))
        .map(({ slug }) => slug);
      return this.sources.of(kind, slugs).some(({ state }) => state === 'failing');
    });
  }

  /** From now on no new work should be sent here. */
  stopping(): void {
    this.#stopping = true;
  }

  async assertReady(): Promise<void> {
    if (this.#stopping) throw notReady('the gateway is shutting down');
    const late = Symbol('late');
    const timer = { id: undefined as NodeJS.Timeout | undefined };
    const timeout = new Promise<typeof late>((resolve) => {
      timer.id = setTimeout(resolve, patience, late);
    });
    try {
      const first = await Promise.race([this.#migrated(), timeout]);
      if (first === late) throw notReady('the database does not answer in time');
      if (first === false) throw notReady('the database lacks migrations of this version');
    } catch (error) {
      if (error instanceof ApiError) throw error;
      throw notReady('the database does not answer', error);
    } finally {
      clearTimeout(timer.id);
    }
  }

  /** What this version needs: another replica, of a later one, may have added to it. */
  async #migrated(): Promise<boolean> {
    const [row] = await this.database.query<{ n: number }>({
      name: 'health-migrations',
      text: 'SELECT count(DISTINCT name) AS n FROM migrations WHERE name = ANY($1::text[])',
      values: [migrationNames],
    });
    return row?.n === migrationNames.length;
  }
}

const migrationNames = migrations.map((Migration) => new Migration().name as string);

function notReady(message: string, cause?: unknown): ApiError {
  return new ApiError('incomplete', message, { retryAfterSeconds: 2, ...(cause ? { cause } : {}) });
}
