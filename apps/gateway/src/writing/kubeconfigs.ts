import { Fault } from '@fleetgate/model';
import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { noSuch } from '../answers/api-error.ts';
import { errorOfFault, unsupported } from '../answers/upstream-errors.ts';
import { callerOf } from '../http/current.ts';
import { upstreamCall } from '../reading/caller.ts';
import { Scope } from '../reading/scope.ts';

/** Kubeconfigs go through and are kept nowhere. */
@Injectable()
export class Kubeconfigs {
  constructor(private readonly scope: Scope) {}

  async answer(id: string, request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const caller = callerOf(request);
    const { connection, address } = this.scope.ofIdFor(
      'clusters:kubeconfig',
      'cluster',
      id,
      caller.principal,
    );
    const read = connection.provider.clusters?.kubeconfig;
    if (!read) {
      const visible = this.scope.visible(caller.principal, 'clusters:kubeconfig');
      const able = visible.filter((one) => one.provider.clusters?.kubeconfig);
      const slugs = able.map(({ slug }) => slug);
      throw unsupported(connection, 'clusters.kubeconfig', slugs);
    }
    const call = upstreamCall(caller);
    try {
      const { text } = await read({ key: address.key }, call);
      void reply
        .headers({ 'content-type': 'application/yaml; charset=utf-8', 'cache-control': 'no-store' })
        .send(text);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      throw error.code === 'not_found' ? noSuch('cluster') : errorOfFault(error, connection);
    }
  }
}
