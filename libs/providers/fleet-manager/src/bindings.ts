import { Fault, isFault } from '@fleetgate/model';
import { everyItem, type Http, removeInStep, step } from '@fleetgate/provider-kit';
import type { Call, ListInput, Page } from '@fleetgate/provider-spec';
import { type Applications, goneApplication } from './applications.ts';
import { type BindingContent, type BodyForm, bindingBody, firstVersion } from './bodies.ts';
import { sendChange } from './errors.ts';
import { listed } from './lists.ts';
import { anything, Made, WireDeployment } from './wire.ts';

/** stands for the id of a deployment that a dry run does not make */
const unmadeDeployment = 'new-deployment';

/** The deployments of the upstream: each binds one application, seldom several, to a cluster group. */
export interface Bindings {
  readonly list: (input: ListInput, call: Call) => Promise<Page<WireDeployment>>;
  read(id: string, call: Call): Promise<WireDeployment>;
  /** those of one application */
  of(applicationId: string, call: Call): Promise<WireDeployment[]>;
  /**
   * The one that binds the application to the group: there already, or made. `named`: it must have that very name, else any
   * that is there is taken.
   */
  bind(content: BindingContent, named: boolean, call: Call): Promise<{ id: string; isNew: boolean }>;
  /** Changes what is given, and keeps the rest. */
  change(wire: WireDeployment, change: BindingChange, call: Call): Promise<void>;
  remove(id: string, call: Call): Promise<void>;
}

export interface BindingChange {
  readonly name?: string | undefined;
  readonly groupId?: string | undefined;
  /** of its first application, which is the project */
  readonly version?: string | undefined;
}

export function bindingsOf(http: Http, applications: Applications, form: BodyForm): Bindings {
  const collection = 'deployments';
  const list = listed(http, [collection], WireDeployment, (wire) => wire);
  const of = (applicationId: string, call: Call) =>
    everyItem(list, (one) => applicationOf(one) === applicationId, call);
  const read = (id: string, call: Call) =>
    http.request({ path: [collection, id], answer: WireDeployment }, call);

  return {
    list,
    of,
    read,

    async bind(content, named, call) {
      const [{ id: applicationId }] = content.applications;
      const present = async (during: Call) =>
        (await of(applicationId, during)).filter((one) => groupOf(one) === content.groupId);
      const fitting = (all: readonly WireDeployment[]) =>
        named ? all.filter(({ name }) => name === content.name) : all;
      const body = bindingBody(content, form);
      return step(call, 'deployment', {
        async make(during) {
          const all = await present(during);
          const [one, ...more] = fitting(all);
          if (more.length > 0) throw severalBind(more.length + 1);
          if (one) return { id: one.id, isNew: false };
          if (all[0]) throw boundAs(all[0].name);
          const made = await http.request({ method: 'POST', path: [collection], body, answer: Made }, during);
          return { id: made.id, isNew: true };
        },
        async find(during) {
          const [one, ...more] = fitting(await present(during));
          if (more.length > 0) {
            throw new Fault('outcome_unknown', 'any of several deployments may be the one that was made');
          }
          return one && { id: one.id, isNew: false };
        },
        assumed: { id: unmadeDeployment, isNew: true },
      });
    },

    async change(wire, { name, groupId = groupOf(wire), version }, call) {
      if (!groupId) {
        const message = 'the upstream shows no cluster group of this deployment, so that it has to be said';
        throw new Fault('invalid', message, { field: 'target' });
      }
      const [first, ...others] = await boundIn(wire, applications, call);
      if (!first) throw new Fault('conflict', 'the deployment names no application');
      const content: BindingContent = {
        name: name ?? wire.name,
        groupId,
        applications: [{ ...first, version: version ?? first.version }, ...others],
      };
      const body = bindingBody(content, form);
      await step(call, 'deployment: change', {
        async make(during) {
          await sendChange(
            (sending) =>
              http.request({ method: 'PUT', path: [collection, wire.id], body, answer: anything }, sending),
            async (looking) => ((await applications.isGone(first.id, looking)) ? goneApplication : undefined),
            during,
          );
          return true;
        },
        idempotent: true,
        assumed: true,
      });
    },

    remove: (id, call) =>
      removeInStep(call, `deployment ${id}`, {
        look: (during) => read(id, during),
        send: (during) =>
          http.request({ method: 'DELETE', path: [collection, id], answer: anything }, during),
      }),
  };
}

export function applicationOf(wire: WireDeployment): string | undefined {
  return wire.applicationId || wire.applications?.[0]?.id || undefined;
}

export function groupOf(wire: WireDeployment): string | undefined {
  return wire.targetGroup || wire.clusterGroupId || undefined;
}

export function versionOf(wire: WireDeployment): string | null {
  return wire.applications?.[0]?.version ?? wire.applicationVersion ?? null;
}

/** What it binds, the project first, each with the name that clients send along. */
async function boundIn(wire: WireDeployment, applications: Applications, call: Call) {
  const project = applicationOf(wire);
  const known = wire.applications ?? [];
  const ids = [...new Set([project, ...known.map(({ id }) => id)])].filter((id) => id !== undefined);
  return Promise.all(
    ids.map(async (id) => {
      const told = known.find((one) => one.id === id);
      const version = told?.version ?? (id === project ? versionOf(wire) : null) ?? firstVersion;
      return { id, name: told?.name ?? (await nameOf(id, applications, call)), version };
    }),
  );
}

/** The application is not what the caller asked for, so that one that is gone is no `not_found`. */
async function nameOf(id: string, applications: Applications, call: Call): Promise<string> {
  try {
    return (await applications.read(id, call)).name;
  } catch (error) {
    throw isFault(error, 'not_found') ? new Fault(...goneApplication) : error;
  }
}

function severalBind(count: number): Fault {
  return new Fault(
    'conflict',
    `${count} deployments bind this application to that group: deploy one of those`,
  );
}

function boundAs(name: string): Fault {
  return new Fault('conflict', `the application is bound to that group already, by the deployment "${name}"`);
}
