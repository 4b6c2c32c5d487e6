import type { ProviderDefinition } from '@fleetgate/provider-spec';
import { Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type pg from 'pg';
import { Audit, type Deed } from '../audit/audit.ts';
import { Feed } from '../inventory/feed.ts';
import { sayLinked } from '../inventory/signals.ts';
import { isKnown } from './setting-secrets.ts';
import { namesIn } from './settings-merge.ts';

export interface ConnectionDeed {
  readonly action: 'create' | 'replace' | 'change' | 'rotate_secret' | 'remove';
  readonly slug: string;
  /** whose audit it belongs to */
  readonly team: string | null;
  readonly definition: ProviderDefinition | undefined;
  /** those that are given; the audit names them */
  readonly settings?: Readonly<Record<string, unknown>> | undefined;
}

type Work = (client: pg.PoolClient) => Promise<void>;

/** Carries out changes of connections: noted in the audit, told to every replica, and in force here when they are answered. */
@Injectable()
export class ConnectionDeeds {
  constructor(
    private readonly audit: Audit,
    private readonly feed: Feed,
  ) {}

  /** What takes long (names are resolved, an upstream is asked) comes before the transaction; both are noted as one deed. */
  async carryOut(deed: ConnectionDeed, request: FastifyRequest, prepare: () => Promise<Work>): Promise<void> {
    const noted = auditOf(deed);
    let work: Work;
    try {
      work = await prepare();
    } catch (error) {
      await this.audit.recordFailure(request, noted, error);
      throw error;
    }
    await this.audit.change(request, noted, async (client) => {
      await work(client);
      await sayLinked(client, deed.slug);
    });
    await this.feed.linked(deed.slug);
  }
}

/** Of what callers call a setting only what is one: a slip can make a name of a secret, and the audit is kept for good. */
function auditOf({ action, slug, team, definition, settings }: ConnectionDeed): Deed {
  const names =
    definition && settings ? namesIn(settings).filter((name) => isKnown(definition, name.split('.'))) : [];
  return {
    action: `connection.${action}`,
    team,
    target: { kind: 'connection', id: slug },
    detail: { provider: definition?.id ?? null, ...(settings ? { settings: names } : {}) },
  };
}
