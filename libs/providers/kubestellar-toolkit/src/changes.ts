import { isDeepStrictEqual } from 'node:util';
import { type DeploymentRecord, Fault, isFault } from '@fleetgate/model';
import { type Http, partsOf, remember, removeInStep, step } from '@fleetgate/provider-kit';
import type { Call, CreateDeploymentInput, Deployments, Written } from '@fleetgate/provider-spec';
import { deploymentOf } from './deployments.ts';
import {
  bare,
  type Change,
  changed,
  collection,
  isKubernetes,
  merged,
  nameIn,
  rawObjects,
  readObject,
  under,
  versionOf,
} from './objects.ts';
import { anything, labelsIn, type RawObject, WireDeploymentStatus } from './wire.ts';
import { DeploymentSpec } from './writes.ts';

type Changes = Required<Pick<Deployments, 'create' | 'replace' | 'patch' | 'remove'>>;

/** how often a change is tried when the object changes between its reading and its writing */
const mostTries = 3;

/** The upstream replaces whole objects only, so that every change reads one, and writes it back under the version that it read. */
export function changes(http: Http): Changes {
  /** `build` makes the new object of the present one; `isBuilt` tells whether an object is as the change wants it. */
  async function rewrite(
    name: string,
    expected: DeploymentRecord | undefined,
    { build, isBuilt }: { build: (now: RawObject) => RawObject; isBuilt: (now: RawObject) => boolean },
    call: Call,
  ): Promise<Written<DeploymentRecord>> {
    let now = await readObject(http, name, call);
    for (let tries = 1; ; tries += 1) {
      const object = now;
      const read = expected ? versionOf(expected.native) : versionOf(object);
      const version = await remember(call, `version, try ${tries}`, async () => read);
      let record: DeploymentRecord | undefined;
      try {
        await step(call, `object, try ${tries}`, {
          async make(during) {
            if (expected && version !== versionOf(object)) throw new Fault('conflict', outdated);
            const body = under(version, build(object));
            const answer = await http.request(
              { method: 'PUT', path: [collection, name], body, answer: anything },
              during,
            );
            record = recordIn(answer, name);
            return true;
          },
          async find(during) {
            const after = await readObject(http, name, during);
            const moved = version !== null && version !== versionOf(after);
            return moved && isBuilt(after) ? true : undefined;
          },
          idempotent: true,
          assumed: true,
        });
        return { key: [name], ...(record ? { record } : {}) };
      } catch (error) {
        if (!isFault(error, 'conflict') || expected || tries === mostTries) throw error;
        now = await readObject(http, name, call);
        if (versionOf(now) === version) throw error; // it is no change in between that stands in the way
      }
    }
  }

  return {
    async create({ value }, call) {
      const { name, version, labels } = value;
      if (name === undefined) throw new Fault('invalid', 'an object needs a name', { field: 'name' });
      const { object = {} } = DeploymentSpec.parse(value.spec ?? {});
      const before = await remember(call, 'objects of before', (during) => lookAround(name, during));
      if (before.taken) {
        throw new Fault('conflict', 'there is an object of that name already', { field: 'name' });
      }
      const laidOut = before.kubernetes && Object.keys(object).length === 0 ? { metadata: {} } : object;
      const body = changed(laidOut, { name, cluster: clusterIn(value.target), version, labels });
      let record: DeploymentRecord | undefined;
      await step(call, 'object', {
        async make(during) {
          const answer = await http.request(
            { method: 'POST', path: [collection], body, answer: anything },
            during,
          );
          record = recordIn(answer, name);
          return true;
        },
        find: async (during) => ((await lookAround(name, during)).taken ? true : undefined),
        assumed: true,
      });
      return { key: [name], ...(record ? { record } : {}) };
    },

    async replace({ key, value, expected }, call) {
      const [name] = partsOf(key, 1);
      const { object = {} } = DeploymentSpec.parse(value.spec ?? {});
      const { version, labels } = value;
      const change: Change = { name, cluster: clusterIn(value.target), version, labels };
      return rewrite(
        name,
        expected,
        {
          build(now) {
            if (value.name === name) return changed({ ...bare(now), ...object }, change);
            throw new Fault('invalid', 'the name of an object cannot be changed', { field: 'name' });
          },
          isBuilt: (now) => isSame(changed(asObject(merged(now, object)), change), now),
        },
        call,
      );
    },

    async patch({ key, value, expected }, call) {
      const [name] = partsOf(key, 1);
      const { object = {} } = DeploymentSpec.parse(value.spec ?? {});
      const { version, labels } = value;
      const build = (now: RawObject) =>
        changed(asObject(merged(now, object)), {
          name,
          cluster: clusterIn(value.target),
          version,
          labels:
            labels === undefined
              ? undefined
              : asLabels(merged(labelsIn(WireDeploymentStatus.parse(now)), labels ?? {})),
        });
      return rewrite(name, expected, { build, isBuilt: (now) => isSame(build(now), now) }, call);
    },

    async remove({ key, expected }, call) {
      const [name] = partsOf(key, 1);
      await removeInStep(call, 'object', {
        async look(during) {
          const now = versionOf(await readObject(http, name, during));
          const seen = expected && versionOf(expected.native);
          if (seen && seen !== now) throw new Fault('conflict', outdated);
        },
        send: (during) =>
          http.request({ method: 'DELETE', path: [collection, name], answer: anything }, during),
      });
    },
  };

  async function lookAround(name: string, call: Call) {
    const objects = await rawObjects(http, call);
    const [first] = objects;
    return {
      taken: objects.some((object) => nameIn(object) === name),
      kubernetes: first !== undefined && isKubernetes(first),
    };
  }
}

const outdated = 'the object has changed since it was read';

function clusterIn(target: CreateDeploymentInput['value']['target']): string | undefined {
  if (!target) return undefined;
  const [name, ...others] = target.key;
  if (target.kind === 'cluster' && name !== undefined && others.length === 0) return name;
  throw new Fault('invalid', 'objects of this upstream name one cluster', { field: 'target' });
}

/** The answer to a change, where it is the object as the document says. */
function recordIn(answer: unknown, name: string): DeploymentRecord | undefined {
  const wire = WireDeploymentStatus.safeParse(answer);
  if (!wire.success) return undefined;
  const record = deploymentOf(wire.data);
  return record.name === name ? record : undefined;
}

const isSame = (one: RawObject, other: RawObject): boolean => isDeepStrictEqual(one, other);
const asObject = (value: unknown): RawObject => value as RawObject;
const asLabels = (value: unknown): Record<string, string> => value as Record<string, string>;
