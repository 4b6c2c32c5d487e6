import { Fault } from '@fleetgate/model';
import { type Http, journalOf, partsOfProject, removeInStep, step } from '@fleetgate/provider-kit';
import type { CreateDeploymentInput, Deployments } from '@fleetgate/provider-spec';
import { z } from 'zod';
import { deploymentPages, readDeployment } from './deployment-reads.ts';
import { assumedUid, Made, madeAmong } from './made.ts';
import { newMetadata } from './metadata.ts';
import { walked } from './paging.ts';
import { deploymentKey, projectScope, scopedKey, scopeHeaders, tenant } from './scopes.ts';
import type { DeploymentSpec, ProfileChange } from './specs.ts';
import { AppDeployment } from './wire.ts';

type Writes = Required<Pick<Deployments, 'create' | 'patch' | 'remove'>>;

/** There is no release: a new profile is a change of the app deployment, and Palette keeps no history of it. */
export function deploymentWrites(http: Http): Writes {
  return {
    async create({ projectKey, value }, call) {
      const { stamp } = journalOf(call);
      const scope = projectScope(partsOfProject(projectKey, 1));
      const { name = '' } = value;
      const { path, spec } = bodyOf(scope, value);
      const uid = await step(call, 'app deployment', {
        async make(during) {
          const body = { metadata: newMetadata(value, stamp), spec };
          const headers = scopeHeaders(scope);
          const request = { method: 'POST', path, body, headers, answer: Made } as const;
          return (await http.request(request, during)).uid;
        },
        async find(during, begunAt) {
          const pages = deploymentPages(http, { scheme: 'palette:deployment:scope', pageSize: 50, name });
          const namesakes = await walked((input, within) => pages(scope, input, within), during);
          return madeAmong(namesakes, { stamp, begunAt });
        },
        assumed: assumedUid,
      });
      return { key: [scope, uid] };
    },

    async patch({ key, value }, call) {
      const { scope, uid } = deploymentKey(key);
      const { appProfileUid } = value.spec as ProfileChange;
      await step(call, 'profile', {
        async make(during) {
          await http.request(
            {
              method: 'PUT',
              path: ['v1', 'appDeployments', uid, 'profile'],
              body: { appProfileUid },
              headers: scopeHeaders(scope),
              answer: z.unknown(),
            },
            during,
          );
          return uid;
        },
        async find(during) {
          const { spec } = AppDeployment.parse(await readDeployment(http, scope, uid, during));
          return spec?.profile?.metadata?.uid === appProfileUid ? uid : undefined;
        },
        idempotent: true,
        assumed: uid,
      });
      return { key };
    },

    async remove({ key }, call) {
      const { scope, uid } = deploymentKey(key);
      await removeInStep(call, 'removal', {
        look: (during) => readDeployment(http, scope, uid, during),
        send(during) {
          const path = ['v1', 'appDeployments', uid];
          const headers = scopeHeaders(scope);
          return http.request({ method: 'DELETE', path, headers, answer: z.unknown() }, during);
        },
      });
    },
  };
}

/** On a cluster of the same project, or on a cluster group, where a virtual cluster is made for it. */
function bodyOf(project: string, value: CreateDeploymentInput['value']): { path: string[]; spec: object } {
  const { appProfileUid, clusterName, clusterLimits } = value.spec as DeploymentSpec;
  const invalid = (field: string, message: string) => new Fault('invalid', message, { field });
  if (!value.target) throw invalid('target', 'is needed: a cluster or a cluster group');
  const { scope, uid } = scopedKey(value.target.key);
  const path = ['v1', 'appDeployments'];
  const profile = { appProfileUid };
  if (value.target.kind === 'cluster') {
    if (scope !== project) throw invalid('target.id', 'must be a cluster of the same project');
    for (const [name, given] of Object.entries({ clusterName, clusterLimits })) {
      if (given !== undefined) throw invalid(`spec.${name}`, 'is for a target that is a cluster group');
    }
    return { path, spec: { config: { targetSpec: { clusterUid: uid } }, profile } };
  }
  if (scope !== project && scope !== tenant) {
    throw invalid('target.id', 'must be a cluster group of the same project, or of the tenant');
  }
  if (clusterName === undefined) {
    throw invalid('spec.clusterName', 'is needed: the virtual cluster that is made for it');
  }
  const limits = clusterLimits ? { clusterLimits } : {};
  const targetSpec = { clusterGroupUid: uid, clusterName, ...limits };
  return { path: [...path, 'clusterGroup'], spec: { config: { targetSpec }, profile } };
}
