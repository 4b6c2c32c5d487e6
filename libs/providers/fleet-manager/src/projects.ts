import { Fault, isFault, type ProjectRecord } from '@fleetgate/model';
import {
  type Http,
  instant,
  makeAmongNamesakes,
  native,
  partsOf,
  remember,
  removeInStep,
  step,
} from '@fleetgate/provider-kit';
import type { Call, Projects } from '@fleetgate/provider-spec';
import { type Applications, hasContent, unmadeApplication } from './applications.ts';
import type { Bindings } from './bindings.ts';
import { type ApplicationContent, applicationBody, type BodyForm } from './bodies.ts';
import { listed } from './lists.ts';
import { anything, Made, WireApplication } from './wire.ts';
import { ApplicationChange, ApplicationSpec } from './writes.ts';

const collection = 'deployment-applications';
/** so many are removed with their application in one write; each takes two requests and at most about half a second */
const mostBindings = 100;

/** An application is a project: what is deployed, under one name, which others may have too. */
export function projects(
  http: Http,
  applications: Applications,
  bindings: Bindings,
  form: BodyForm,
): Projects {
  async function replace(id: string, content: ApplicationContent, call: Call) {
    const body = applicationBody(content, form);
    await step(call, 'application', {
      async make(during) {
        await http.request({ method: 'PUT', path: [collection, id], body, answer: anything }, during);
        return true;
      },
      idempotent: true,
      assumed: true,
    });
    return { key: [id] };
  }

  async function present(id: string, call: Call): Promise<void> {
    if (await applications.isGone(id, call)) throw new Fault('not_found', 'the application is gone');
  }

  return {
    list: listed(http, [collection], WireApplication, projectOf),
    get: async ({ key }, call) => projectOf(await applications.read(...partsOf(key, 1), call)),

    async create({ value }, call) {
      const { source_type: sourceType, source_config: sourceConfig } = ApplicationSpec.parse(value.spec);
      const { name, description = null } = value;
      const content = { name, description, sourceType, sourceConfig, version: null };
      const body = applicationBody(content, form);
      const id = await makeAmongNamesakes(call, 'application', {
        make: async (during) =>
          (await http.request({ method: 'POST', path: [collection], body, answer: Made }, during)).id,
        namesakes: (during) => applications.named(name, during),
        idOf: (one) => one.id,
        // A list may show less of each than the object itself.
        isSame: async ({ id }, during) => hasContent(await applications.read(id, during), content),
        assumed: unmadeApplication(name),
      });
      return { key: [id] };
    },

    async replace({ key, value }, call) {
      const { id, version = null } = await applications.read(...partsOf(key, 1), call);
      const { source_type: sourceType, source_config: sourceConfig } = ApplicationSpec.parse(value.spec);
      const { name, description = null } = value;
      return replace(id, { name, description, sourceType, sourceConfig, version }, call);
    },

    async patch({ key, value }, call) {
      const now = await applications.read(...partsOf(key, 1), call);
      const { source_type, source_config } = ApplicationChange.parse(value.spec ?? {});
      const sourceConfig = source_config ?? now.sourceConfig;
      if (!sourceConfig) {
        const message = 'the upstream shows no manifest of this application, so that it has to be said';
        throw new Fault('invalid', message, { field: 'spec.source_config' });
      }
      const content = {
        name: value.name ?? now.name,
        description: value.description === undefined ? (now.description ?? null) : value.description,
        sourceType: source_type ?? now.sourceType ?? 'api',
        sourceConfig,
        version: now.version ?? null,
      };
      return replace(now.id, content, call);
    },

    async remove({ key, cleanup = false }, call) {
      const [id] = partsOf(key, 1);
      if (cleanup) {
        const look = async (during: Call) => {
          await present(id, during);
          return (await bindings.of(id, during)).map((binding) => binding.id);
        };
        const bound = await remember(call, 'deployments of the application', look);
        if (bound.length > mostBindings) {
          throw new Fault(
            'conflict',
            `the application has more than ${mostBindings} deployments to clean up`,
          );
        }
        for (const binding of bound) await bindings.remove(binding, call).catch(unlessGone);
      }
      await removeInStep(call, 'application', {
        look: (during) => present(id, during),
        send: (during) =>
          http
            .request({ method: 'DELETE', path: [collection, id], answer: anything }, during)
            .catch((error: unknown) => {
              throw isFault(error, 'conflict') ? stillBound(error, cleanup) : error;
            }),
      });
    },
  };
}

/** What was to go with the application has gone by itself. */
function unlessGone(error: unknown): void {
  if (!isFault(error, 'not_found')) throw error;
}

function stillBound(refusal: Fault, cleanup: boolean): Fault {
  const way = cleanup ? 'one was made meanwhile' : 'remove those first, or ask for cleanup';
  return new Fault('conflict', `the application still has deployments: ${way}`, {
    upstream: refusal.upstream ?? {},
    cause: refusal,
  });
}

export function projectOf(wire: WireApplication): ProjectRecord {
  return {
    key: [wire.id],
    name: wire.name,
    labels: {},
    native_status: null,
    created_at: instant(wire.createdAt),
    updated_at: instant(wire.updatedAt),
    status: 'active',
    description: wire.description || null,
    team: null,
    native: native(wire),
  };
}
