import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { WireError } from '../core/emulator.ts';
import { applicationBody, type DeploymentBody, deploymentBody, tagsBody } from './bodies.ts';
import { badRequest, goneApplication, nestError, notFound } from './errors.ts';
import type { WireDeployment } from './objects.ts';
import type { FleetState } from './state.ts';

interface One {
  Params: { id: string };
}

/** What changes something. Only the tags are published; the rest is what clients were seen to send and to rely on. */
export function writeRoutes(app: FastifyInstance, state: FleetState): void {
  applicationRoutes(app, state);
  deploymentRoutes(app, state);
  // Declared as a page of clusters; the tags are overwritten.
  app.post<One>('/clusters/:id/tags', async (request, reply) => {
    const tags = tagsBody(request.body);
    if (!state.touch('cluster', request.params.id, { tags })) throw notFound();
    const items = [state.clusters.population.get(request.params.id)];
    return reply.code(201).send({ meta: { offset: 0, limit: 20, total: 1 }, items });
  });
}

function applicationRoutes(app: FastifyInstance, state: FleetState): void {
  const { applications } = state;
  app.post('/deployment-applications', async (request, reply) => {
    const body = applicationBody(request.body);
    const [id = ''] = applications.add(1);
    applications.touch(id, { ...body, version: body.version, description: body.description ?? null });
    return reply.code(201).send(applications.get(id));
  });
  app.put<One>('/deployment-applications/:id', async (request) => {
    const body = applicationBody(request.body);
    if (!state.touch('project', request.params.id, { ...body })) throw goneApplication();
    return applications.get(request.params.id);
  });
  app.delete<One>('/deployment-applications/:id', async (request, reply) => {
    const { id } = request.params;
    if (applications.get(id) === undefined) throw goneApplication();
    if (state.deployments.filter(({ applicationId }) => applicationId === id).length > 0) {
      throw conflict('Application has active deployments');
    }
    applications.remove(id);
    return gone(reply);
  });
}

function deploymentRoutes(app: FastifyInstance, state: FleetState): void {
  const found = (request: FastifyRequest<One>): WireDeployment => {
    const deployment = state.deployments.get(request.params.id);
    if (deployment === undefined) throw notFound();
    return deployment;
  };
  app.post('/deployments', async (request, reply) => {
    const body = checked(deploymentBody(request.body), state);
    const [id = ''] = state.deployments.add(1);
    state.writeDeployment(id, body);
    return reply.code(201).send(state.deployments.get(id));
  });
  app.put<One>('/deployments/:id', async (request) => {
    const { id } = found(request);
    state.writeDeployment(id, checked(deploymentBody(request.body), state));
    return state.deployments.get(id);
  });
  app.delete<One>('/deployments/:id', async (request, reply) => {
    const { id } = found(request);
    if (state.isRunning(id)) throw conflict('Deployment is running');
    state.remove('deployment', id);
    return gone(reply);
  });
  app.post<One>('/deployments/:id/deploy', async (request, reply) => {
    const { id, applicationId } = found(request);
    if (state.applications.get(applicationId) === undefined) throw goneApplication();
    if (state.isRunning(id)) throw conflict('Deployment is already running');
    return reply.code(201).send(state.release(id));
  });
}

/** An application that is not there is what it is when it is read: a 500. */
function checked(body: DeploymentBody, state: FleetState): DeploymentBody {
  const application = state.applications.get(body.applicationId);
  if (application === undefined) throw goneApplication();
  const group = body.targetGroup ?? body.clusterGroupId ?? '';
  if (state.groups.get(group) === undefined) {
    const name = body.targetGroup === undefined ? 'clusterGroupId' : 'targetGroup';
    throw badRequest([`${name} must be an existing cluster group`]);
  }
  if (body.applications.length > 0) return body;
  return { ...body, applications: [{ id: application.id, name: application.name }] };
}

function conflict(message: string): WireError {
  return new WireError(nestError(409, message));
}

function gone(reply: FastifyReply): FastifyReply {
  return reply.code(204).send();
}
