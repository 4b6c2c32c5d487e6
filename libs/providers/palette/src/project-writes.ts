import { Fault, isFault } from '@fleetgate/model';
import { type Http, instant, journalOf, partsOf, step } from '@fleetgate/provider-kit';
import type { Call, Projects } from '@fleetgate/provider-spec';
import { z } from 'zod';
import { assumedUid, Made, madeAmong } from './made.ts';
import { changedMetadata, newMetadata, replacedMetadata } from './metadata.ts';
import { walked } from './paging.ts';
import { projectPages } from './project-pages.ts';
import { projectStatus } from './project-status.ts';
import type { ProjectSpec } from './specs.ts';
import { ActiveResources, metadata, ProjectItself, Whole } from './wire.ts';

type Writes = Required<Pick<Projects, 'create' | 'replace' | 'patch' | 'remove'>>;

export function projectWrites(http: Http): Writes {
  const read = (uid: string, call: Call): Promise<Whole> =>
    http.request({ path: ['v1', 'projects', uid], answer: Whole }, call);
  const put = (path: readonly string[], body: object, call: Call) =>
    http.request({ method: 'PUT', path: ['v1', 'projects', ...path], body, answer: z.unknown() }, call);

  return {
    async create({ value }, call) {
      const { stamp } = journalOf(call);
      const uid = await step(call, 'project', {
        async make(during) {
          const spec = specOf(value.spec, value.team) ?? {};
          const body = { metadata: newMetadata(value, stamp), spec };
          const request = { method: 'POST', path: ['v1', 'projects'], body, answer: Made } as const;
          return (await http.request(request, during)).uid;
        },
        async find(during, begunAt) {
          const namesakes = projectPages(http, 'palette:project', value.name);
          return madeAmong(await walked(namesakes, during), { stamp, begunAt });
        },
        assumed: assumedUid,
      });
      return { key: [uid] };
    },

    async replace({ key, value }, call) {
      const [uid] = partsOf(key, 1);
      await step(call, 'project', {
        async make(during) {
          const known = metadata.parse((await read(uid, during)).metadata);
          const spec = specOf(value.spec, value.team);
          // What becomes of members that a replacement does not name is documented nowhere: without any, there is no `spec`.
          await put([uid], { metadata: replacedMetadata(known, value), ...(spec ? { spec } : {}) }, during);
          return uid;
        },
        idempotent: true,
        assumed: uid,
      });
      return { key };
    },

    async patch({ key, value }, call) {
      const [uid] = partsOf(key, 1);
      const { teams, users } = specOf(value.spec, value.team) ?? {};
      const { name, description, labels } = value;
      if (name !== undefined || description !== undefined || labels !== undefined) {
        await step(call, 'metadata', {
          async make(during) {
            const known = metadata.parse((await read(uid, during)).metadata);
            await put([uid, 'meta'], changedMetadata(known, value), during);
            return uid;
          },
          idempotent: true,
          assumed: uid,
        });
      }
      for (const [part, members] of Object.entries({ teams, users })) {
        if (members === undefined) continue;
        await step(call, part, {
          async make(during) {
            await put([uid, part], { [part]: members }, during);
            return uid;
          },
          idempotent: true,
          assumed: uid,
        });
      }
      return { key };
    },

    async remove({ key, cleanup = false }, call) {
      const [uid] = partsOf(key, 1);
      await step(call, 'removal', {
        async make(during) {
          // By name, because a refusal of Palette's for what a project holds is documented nowhere.
          if (!cleanup) await refuseWhereHeld(http, uid, during);
          const query = cleanup ? { cleanupProjectResources: true } : {};
          const path = ['v1', 'projects', uid];
          await http.request({ method: 'DELETE', path, query, answer: z.unknown() }, during);
          return true;
        },
        async find(during) {
          try {
            return isGoing(await read(uid, during)) ? true : undefined;
          } catch (error) {
            if (isFault(error, 'not_found')) return true;
            throw error;
          }
        },
        idempotent: true,
        assumed: true,
      });
    },
  };
}

/** The members in Palette's words; undefined: none are named. One team in our words has no roles beside its own. */
function specOf(given: unknown, team: string | null | undefined): ProjectSpec | undefined {
  const spec = given as ProjectSpec | undefined;
  if (team === undefined) return spec;
  if (spec?.teams) {
    throw new Fault('invalid', 'team and spec.teams say the same thing: give one of them', { field: 'team' });
  }
  return { ...spec, teams: team === null ? [] : [{ teamId: team, roles: [] }] };
}

/** This DELETE deletes nothing: it tells what a removal would leave without a project. */
async function refuseWhereHeld(http: Http, uid: string, call: Call): Promise<void> {
  const path = ['v1', 'projects', uid, 'validate'];
  const held = await http.request(
    { method: 'DELETE', path, answer: ActiveResources, repeatable: true },
    call,
  );
  const counts = Object.entries({
    clusters: held.clusters?.count,
    'virtual clusters': held.virtualClusters?.count,
    'app deployments': held.appDeployments?.count,
  }).flatMap(([name, count]) => (count ? [`${count} ${name}`] : []));
  if (counts.length === 0) return;
  throw new Fault('conflict', `the project holds ${counts.join(', ')}; cleanup=true takes them along`);
}

/** Whether the project is deleted, or its clean-up is under way. */
function isGoing(whole: Whole): boolean {
  const { metadata: told, status } = ProjectItself.parse(whole);
  const cleanUp = status?.cleanUpStatus?.state || null;
  return projectStatus(false, cleanUp, instant(told.deletionTimestamp) !== null).status === 'deleting';
}
