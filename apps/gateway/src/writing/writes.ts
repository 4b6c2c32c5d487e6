import type {
  ClusterCreate,
  ClusterPatch,
  DeploymentCreate,
  DeploymentPatch,
  DeploymentReplace,
  DeployRequest,
  Key,
  Kind,
  NewDeployment,
  ProjectCreate,
  ProjectPatch,
  ProjectReplace,
} from '@fleetgate/model';
import { Fault } from '@fleetgate/model';
import { newCall } from '@fleetgate/provider-runtime';
import type { WriteOperation } from '@fleetgate/provider-spec';
import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { may } from '../access/principal.ts';
import { scopeMissing } from '../access/refusals.ts';
import { ApiError, invalidField } from '../answers/api-error.ts';
import { errorOfFault } from '../answers/upstream-errors.ts';
import type { Connection } from '../connections/connection.ts';
import { callerOf } from '../http/current.ts';
import { Inventory } from '../inventory/inventory.ts';
import { newOperationId, type Write } from '../operations/operation.ts';
import { OperationStore, type OperationTask } from '../operations/operation-store.ts';
import { upstreamCall } from '../reading/caller.ts';
import { Scope, writeScope } from '../reading/scope.ts';
import { OperationRunner } from './operation-runner.ts';
import { assertMatches } from './precondition.ts';
import { isSettled } from './settled.ts';
import { connectionFor, keyIn } from './targets.ts';
import { writeAccepted, writeOutcome, writePlan } from './write-answers.ts';
import { checkedFor, ruleOf } from './write-input.ts';
import type { RemoveParameters, WriteParameters } from './write-query.ts';
import { Writer } from './writer.ts';

interface Exchange {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

type Target = { kind: 'cluster' | 'cluster_group'; id: string };

/** What the controllers of all kinds do to change something, in one place. */
@Injectable()
export class Writes {
  constructor(
    private readonly scope: Scope,
    private readonly inventory: Inventory,
    private readonly writer: Writer,
    private readonly operations: OperationStore,
    private readonly runner: OperationRunner,
  ) {}

  async createProject(body: ProjectCreate, query: WriteParameters, exchange: Exchange): Promise<void> {
    const { connection: named, deployment, ...value } = body;
    const connection = this.#connectionFor('project', named, exchange);
    const rule = this.#rule(connection, 'project', 'create', exchange);
    const input = { value: checkedFor(connection, rule, value) };
    const write: Write = { kind: 'project', action: 'create', input };
    const then =
      deployment && this.#deploymentValue(connection, deployment, 'create', 'deployment.', exchange);
    await this.#perform(connection, then ? { ...write, then } : write, query, exchange);
  }

  async createDeployment(
    projectId: string,
    body: DeploymentCreate,
    query: WriteParameters,
    exchange: Exchange,
  ): Promise<void> {
    const { connection, address } = this.#place('project', projectId, exchange, 'deployment');
    const value = this.#deploymentValue(connection, body, 'create', '', exchange);
    const input = { projectKey: address.key, value };
    await this.#perform(connection, { kind: 'deployment', action: 'create', input }, query, exchange);
  }

  /** Where no project is named, the provider decides whether it needs one. */
  async createDeploymentAnywhere(
    { connection: named, project_id, ...body }: NewDeployment,
    query: WriteParameters,
    exchange: Exchange,
  ): Promise<void> {
    if (project_id !== undefined) {
      if (named !== undefined)
        keyIn(this.#connectionFor('deployment', named, exchange), ['project'], project_id, 'project_id');
      return this.createDeployment(project_id, body, query, exchange);
    }
    const connection = this.#connectionFor('deployment', named, exchange);
    const value = this.#deploymentValue(connection, body, 'create', '', exchange);
    await this.#perform(
      connection,
      { kind: 'deployment', action: 'create', input: { value } },
      query,
      exchange,
    );
  }

  async createCluster(body: ClusterCreate, query: WriteParameters, exchange: Exchange): Promise<void> {
    const { connection: named, project_id, ...value } = body;
    const connection = this.#connectionFor('cluster', named, exchange);
    const rule = this.#rule(connection, 'cluster', 'create', exchange);
    if (project_id !== undefined) checkedFor(connection, { fields: rule.fields }, { project_id });
    const input = {
      value: checkedFor(connection, rule, value),
      ...(project_id ? { projectKey: keyIn(connection, ['project'], project_id, 'project_id') } : {}),
    };
    await this.#perform(connection, { kind: 'cluster', action: 'create', input }, query, exchange);
  }

  async change(
    kind: 'project' | 'deployment' | 'cluster',
    action: 'replace' | 'patch',
    id: string,
    body: ProjectReplace | ProjectPatch | DeploymentReplace | DeploymentPatch | ClusterPatch,
    query: WriteParameters,
    exchange: Exchange,
  ): Promise<void> {
    const { connection, address } = this.#place(kind, id, exchange);
    const rule = this.#rule(connection, kind, action, exchange);
    if (Object.keys(body).length === 0) throw invalidField('body', 'must change something');
    const value =
      kind === 'deployment'
        ? this.#deploymentValue(connection, body as DeploymentPatch, action, '', exchange)
        : checkedFor(connection, rule, body);
    const expected = await this.#expected(connection, kind, address.key, exchange);
    const input = { key: address.key, value, ...(expected ? { expected } : {}) };
    await this.#perform(connection, { kind, action, input }, query, exchange);
  }

  async remove(
    kind: 'project' | 'deployment' | 'cluster',
    id: string,
    query: RemoveParameters,
    exchange: Exchange,
  ): Promise<void> {
    const { connection, address } = this.#place(kind, id, exchange);
    const rule = this.#rule(connection, kind, 'remove', exchange);
    const { dry_run, ...asked } = query;
    const options = (['force', 'cleanup'] as const).filter((name) => asked[name]);
    for (const name of options) {
      if (!rule.options?.includes(name)) {
        throw invalidField(name, `is not possible: ${connection.definition.title} has no such way`);
      }
    }
    const expected = await this.#expected(connection, kind, address.key, exchange);
    const chosen = Object.fromEntries(options.map((name) => [name, true]));
    const input = { key: address.key, ...chosen, ...(expected ? { expected } : {}) };
    await this.#perform(connection, { kind, action: 'remove', input }, { dry_run }, exchange);
  }

  async cancel(id: string, query: WriteParameters, exchange: Exchange): Promise<void> {
    const { connection, address } = this.#place('deployment', id, exchange);
    this.#rule(connection, 'deployment', 'cancel', exchange);
    const write: Write = { kind: 'deployment', action: 'cancel', input: { key: address.key } };
    await this.#perform(connection, write, query, exchange);
  }

  async deploy(id: string, body: DeployRequest, query: WriteParameters, exchange: Exchange): Promise<void> {
    const { connection, address } = this.#place('deployment', id, exchange);
    const rule = this.#rule(connection, 'deployment', 'deploy', exchange);
    const input = { key: address.key, value: checkedFor(connection, rule, body) };
    await this.#perform(connection, { kind: 'deployment', action: 'deploy', input }, query, exchange);
  }

  async #perform(
    connection: Connection,
    write: Write,
    { dry_run }: WriteParameters,
    { request, reply }: Exchange,
  ): Promise<void> {
    const caller = callerOf(request);
    const id = request.operationId ?? newOperationId();
    const { requestId } = caller;
    const signal = AbortSignal.any([]); // whoever carries it out has its own
    const { traceparent } = newCall({
      requestId,
      traceparent: caller.traceparent,
      signal,
      random: Math.random,
    });
    const task: OperationTask = {
      id,
      connection: connection.slug,
      write,
      requestId: request.id,
      traceparent,
    };
    if (dry_run) {
      const planned = await this.writer.plan(connection, task, caller.signal()).catch((error: unknown) => {
        throw error instanceof Fault ? errorOfFault(error, connection) : error;
      });
      return writePlan(connection, planned, request, reply);
    }
    const start = await this.operations.start({ ...task, connection, principal: caller.principal.id });
    if (start.state === 'running') {
      throw new ApiError('conflict', `operation ${id} is still being carried out`, { retryAfterSeconds: 1 });
    }
    if (start.state === 'ours' && prefersAsync(request.headers.prefer)) {
      this.runner.runInBackground(connection, task);
      return writeAccepted(await this.operations.find(id), request, reply);
    }
    // One that ended before its answer was given was carried out by whoever took it over.
    const outcome =
      start.state === 'ours'
        ? await this.runner.run(connection, task, caller.deadlineAt)
        : await this.#ended(id, write);
    await writeOutcome(connection, write, outcome, await this.operations.find(id), request, reply);
  }

  async #ended(id: string, write: Write) {
    const operation = await this.operations.find(id);
    const resourceId = operation?.resource_id;
    if (!resourceId)
      throw new ApiError('conflict', `operation ${id} ended, and nothing is known of what it left`);
    const resource = (await this.inventory.get(resourceId, false)) ?? null;
    const kind: Kind = write.action === 'deploy' ? 'release' : write.kind;
    const settled = resource === null || isSettled(JSON.parse(resource.text));
    return { kind, id: resourceId, resource, settled };
  }

  #connectionFor(kind: Kind, named: string | undefined, { request }: Exchange): Connection {
    const { principal } = callerOf(request);
    return connectionFor(kind, 'create', named, this.scope.visible(principal, writeScope[kind]));
  }

  /** `written` is what is to be changed at that place, where it is not the thing itself. */
  #place(kind: Kind, id: string, { request }: Exchange, written: Kind = kind) {
    return this.scope.ofIdFor(writeScope[written], kind, id, callerOf(request).principal);
  }

  #rule(connection: Connection, kind: Kind, action: WriteOperation, { request }: Exchange) {
    const { principal } = callerOf(request);
    // A project may be made with a deployment in it: that asks for the scope of both.
    if (!may(principal, writeScope[kind], connection.team))
      throw scopeMissing(writeScope[kind], connection.team ?? undefined);
    return ruleOf(connection, kind, action, this.scope.visible(principal, writeScope[kind]));
  }

  #deploymentValue(
    connection: Connection,
    body: DeploymentCreate | DeploymentPatch,
    action: 'create' | 'replace' | 'patch',
    prefix: string,
    exchange: Exchange,
  ): Record<string, unknown> {
    const rule = this.#rule(connection, 'deployment', action, exchange);
    const { target, ...value } = checkedFor(connection, rule, body, prefix) as { target?: Target };
    if (!target) return value;
    const key = keyIn(connection, [target.kind], target.id, `${prefix}target.id`);
    return { ...value, target: { kind: target.kind, key } };
  }

  #expected(connection: Connection, kind: Kind, key: Key, { request }: Exchange) {
    const caller = callerOf(request);
    const call = upstreamCall(caller);
    return assertMatches(request.headers['if-match'], {
      connection,
      kind,
      key,
      call,
      inventory: this.inventory,
    }).catch((error: unknown) => {
      throw error instanceof Fault ? errorOfFault(error, connection) : error;
    });
  }
}

function prefersAsync(prefer: string | string[] | undefined): boolean {
  return [prefer]
    .flat()
    .join(',')
    .split(',')
    .some((one) => one.trim().toLowerCase() === 'respond-async');
}
