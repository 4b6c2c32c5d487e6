import { Fault } from '@fleetgate/model';
import { assertSigned } from '@fleetgate/provider-kit';
import type { HookSubject, Hooks } from '@fleetgate/provider-spec';
import { z } from 'zod';

const Named = z.object({ id: z.string().min(1) }).nullish();
const WireHook = z.object({ data: z.object({ project: Named, deployment: Named }) });

/** Events of its webhooks name the thing that they are about; those about something else (a team) are about nothing here. */
export function hooks(secret: string): Hooks {
  return {
    read(hook) {
      assertSigned(secret, hook);
      const { project, deployment } = dataOf(hook.body);
      const subjects: HookSubject[] = [];
      if (project) subjects.push({ kind: 'project', key: [project.id] });
      // A deployment here is one execution, and so its own only release.
      if (deployment) {
        subjects.push(
          { kind: 'deployment', key: [deployment.id] },
          { kind: 'release', key: [deployment.id] },
        );
      }
      return subjects;
    },
  };
}

function dataOf(body: string): z.output<typeof WireHook>['data'] {
  try {
    return WireHook.parse(JSON.parse(body)).data;
  } catch (cause) {
    throw new Fault('invalid', 'the message is not one of the platform’s events', { cause });
  }
}
