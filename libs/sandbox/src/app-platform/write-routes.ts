import type { FastifyInstance, FastifyRequest } from 'fastify';
import { WireError } from '../core/emulator.ts';
import { bodies, readBody } from './bodies.ts';
import { envelope } from './errors.ts';
import type { AppState } from './state.ts';
import type { DeploymentInput, ProjectInput, WireDeployment } from './wire.ts';

/** What changes something. The docstring of the state says what is assumed of it. */
export function writeRoutes(app: FastifyInstance, state: AppState): void {
  app.post('/projects', (request, reply) => {
    const input = projectInput(state, readBody(request.body, bodies.createProject));
    return reply.code(201).send({ data: state.createProject(input) });
  });
  app.put('/projects/:id', (request) => {
    const id = knownProject(state, request);
    const input = projectInput(state, readBody(request.body, bodies.replaceProject));
    return { data: state.replaceProject(id, input) };
  });
  app.delete('/projects/:id', (request, reply) => {
    state.remove('project', knownProject(state, request));
    return reply.code(204).send();
  });
  app.post('/projects/:id/deployments', (request, reply) => {
    const project = knownProject(state, request);
    const input = readBody(request.body, bodies.createDeployment) as DeploymentInput;
    if (state.projects.get(project)?.status === 'archived') {
      throw conflict('An archived project cannot be deployed');
    }
    if (state.deploymentsOf(project)?.some(isUnderWay)) throw conflict('A deployment is already running');
    return reply.code(201).send({ data: state.createDeployment(project, input) });
  });
  app.post('/deployments/:id/cancel', (request) => {
    const deployment = state.deployments.population.get(idOf(request));
    if (!deployment) throw new WireError(envelope(404));
    if (!isUnderWay(deployment)) throw conflict(`The deployment has ended: ${deployment.status}`);
    return { data: state.cancelDeployment(deployment.id) };
  });
}

function idOf(request: FastifyRequest): string {
  return (request.params as { id: string }).id;
}

function knownProject(state: AppState, request: FastifyRequest): string {
  const id = idOf(request);
  if (!state.projects.get(id)) throw new WireError(envelope(404));
  return id;
}

function projectInput(state: AppState, body: Record<string, unknown>): ProjectInput {
  const { name, description, status } = body as unknown as ProjectInput;
  const id = body['team_id'] as string | null | undefined;
  const team = id ? state.teams.get(id) : undefined;
  if (id && !team) {
    throw new WireError(envelope(422, [{ field: 'team_id', message: 'There is no such team' }]));
  }
  return { name, description: description ?? null, ...(status ? { status } : {}), ...(team ? { team } : {}) };
}

function isUnderWay({ status }: WireDeployment): boolean {
  return status === 'queued' || status === 'running';
}

function conflict(words: string): WireError {
  return new WireError(envelope(409, [], words));
}
