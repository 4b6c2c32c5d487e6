import type { FleetManagerSettings } from './settings.ts';

export type BodyForm = FleetManagerSettings['bodies'];

/** What an application is to be. A description that is not there is sent as an empty text, so that the one before goes. */
export interface ApplicationContent {
  readonly name: string;
  readonly description: string | null;
  readonly sourceType: string;
  readonly sourceConfig: string;
  /** null: not known, or none */
  readonly version: string | null;
}

export interface BindingContent {
  readonly name: string;
  readonly groupId: string;
  /** the first one is the project; others are kept as they are */
  readonly applications: readonly [BoundApplication, ...BoundApplication[]];
}

export interface BoundApplication {
  readonly id: string;
  readonly name: string;
  readonly version: string;
}

/** what clients send where they know of no version */
export const firstVersion = '1';

export function applicationBody(content: ApplicationContent, form: BodyForm): Record<string, unknown> {
  const { name, description, sourceType, sourceConfig, version } = content;
  const told = version ?? (form === 'notes' ? firstVersion : undefined);
  return {
    name,
    ...(told === undefined ? {} : { version: told }),
    sourceType,
    sourceConfig,
    description: description ?? '',
  };
}

export function bindingBody(content: BindingContent, form: BodyForm): Record<string, unknown> {
  const { name, groupId, applications } = content;
  const [{ id, version }] = applications;
  if (form === 'notes') {
    return { name, applicationId: id, clusterGroupId: groupId, applicationVersion: version };
  }
  return {
    name,
    applicationId: id,
    targetGroup: groupId,
    applications: applications.map((one) => ({ ...one, strategy: 'manual' })),
  };
}
