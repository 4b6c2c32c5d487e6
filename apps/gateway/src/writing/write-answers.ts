import type { Kind } from '@fleetgate/model';
import type { PlannedRequest } from '@fleetgate/provider-runtime';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Connection } from '../connections/connection.ts';
import type { Operation, Write } from '../operations/operation.ts';
import type { WriteOutcome } from './writer.ts';

const json = 'application/json; charset=utf-8';
const paths: Record<Kind, string> = {
  project: 'projects',
  deployment: 'deployments',
  release: 'releases',
  cluster: 'clusters',
  cluster_group: 'cluster-groups',
};

/** 204 for what is gone; 201 for something new, 200 for a change, 202 while the upstream still works on it. */
export async function writeOutcome(
  connection: Connection,
  write: Write,
  { kind, id, resource, settled }: Omit<WriteOutcome, 'key'>,
  operation: Operation | undefined,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  reply.headers({
    'cache-control': 'no-store',
    ...(operation ? { 'x-fleetgate-operation': operation.id } : {}),
  });
  if (resource === null) {
    void reply.code(204).send();
    return;
  }
  const isNew = write.action === 'create' || write.action === 'deploy';
  if (isNew) reply.header('location', `/v1/${paths[kind]}/${id}`);
  const source = {
    connection: connection.slug,
    provider: connection.definition.id,
    state: 'fresh',
    observed_at: new Date(resource.observedAtMs).toISOString(),
  };
  void reply
    .code(settled ? (isNew ? 201 : 200) : 202)
    .headers({ 'content-type': json, etag: `"${resource.etag}"` })
    .send(
      `{"data":${resource.text},"source":${JSON.stringify(source)},"operation":${JSON.stringify(blockOf(operation))},"requestId":"${request.id}"}`,
    );
}

/** The answer to `Prefer: respond-async`: the operation, to be asked for until it has ended. */
export function writeAccepted(
  operation: Operation | undefined,
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  void reply
    .code(202)
    .headers({
      'content-type': json,
      'cache-control': 'no-store',
      'preference-applied': 'respond-async',
      ...(operation
        ? { location: `/v1/operations/${operation.id}`, 'x-fleetgate-operation': operation.id }
        : {}),
    })
    .send(JSON.stringify({ data: operation, requestId: request.id }));
}

/** The answer to a dry run. */
export function writePlan(
  connection: Connection,
  planned: readonly PlannedRequest[],
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  const data = {
    dry_run: true,
    connection: { id: connection.slug, provider: connection.definition.id },
    requests: planned.map(({ step, method, url, body }) => ({ step, method, url, body: parsed(body) })),
  };
  void reply
    .code(200)
    .headers({ 'content-type': json, 'cache-control': 'no-store' })
    .send(JSON.stringify({ data, requestId: request.id }));
}

function blockOf(operation: Operation | undefined) {
  if (!operation) return null;
  const { id, state, steps, left_behind } = operation;
  return { id, state, steps, left_behind };
}

function parsed(body: string | null): unknown {
  try {
    return body === null ? null : JSON.parse(body);
  } catch {
    return body; // not JSON: shown as the text that it is
  }
}
