import { isRecord } from '../core/population.ts';
import { badRequest } from './errors.ts';
import type { WireApplication, WireDeployment } from './objects.ts';

const sourceTypes = ['gitops', 'editor', 'api'] as const;

export type ApplicationBody = Pick<WireApplication, 'name' | 'sourceType' | 'sourceConfig'> &
  Partial<Pick<WireApplication, 'version' | 'description'>>;

export type DeploymentBody = Pick<WireDeployment, 'name' | 'applicationId' | 'applications'> & {
  targetGroup?: string;
  clusterGroupId?: string;
  applicationVersion?: string;
};

/** Reads a body as Nest's ValidationPipe does: every complaint at once, in class-validator's words; what it does not know is dropped. */
class Reading {
  readonly body: Record<string, unknown>;
  private readonly problems: string[] = [];

  constructor(body: unknown) {
    this.body = isRecord(body) ? body : {};
  }

  text(name: string): string {
    const value = this.body[name];
    if (typeof value === 'string' && value !== '') return value;
    this.problems.push(`${name} should not be empty`);
    if (typeof value !== 'string') this.problems.push(`${name} must be a string`);
    return '';
  }

  optionalText(name: string): string | undefined {
    const value = this.body[name];
    if (value === undefined || value === null) return undefined;
    if (typeof value !== 'string') this.problems.push(`${name} must be a string`);
    return String(value);
  }

  uuid(name: string, value: unknown = this.body[name]): string {
    const isUuid = typeof value === 'string' && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value);
    if (!isUuid) this.problems.push(`${name} must be a UUID`);
    return String(value);
  }

  complain(problem: string): void {
    this.problems.push(problem);
  }

  finish(): void {
    if (this.problems.length > 0) throw badRequest(this.problems);
  }
}

export function applicationBody(body: unknown): ApplicationBody {
  const reading = new Reading(body);
  const version = reading.optionalText('version');
  const description = reading.optionalText('description');
  const name = reading.text('name');
  const sourceConfig = reading.text('sourceConfig');
  const sourceType = sourceTypes.find((known) => known === reading.body['sourceType']);
  if (sourceType === undefined) {
    reading.complain(`sourceType must be one of the following values: ${sourceTypes.join(', ')}`);
  }
  reading.finish();
  return {
    name,
    sourceType: sourceType ?? 'api',
    sourceConfig,
    ...(version === undefined ? {} : { version }),
    ...(description === undefined ? {} : { description }),
  };
}

/**
 * Both forms are taken: `targetGroup` with `applications`, as clients send it, and `clusterGroupId` with `applicationVersion`, as the
 * notes of one client have it.
 */
export function deploymentBody(body: unknown): DeploymentBody {
  const reading = new Reading(body);
  const name = reading.text('name');
  const applicationId = reading.uuid('applicationId');
  if (reading.body['targetGroup'] === undefined && reading.body['clusterGroupId'] !== undefined) {
    const clusterGroupId = reading.uuid('clusterGroupId');
    const applicationVersion = reading.optionalText('applicationVersion');
    reading.finish();
    return {
      name,
      applicationId,
      clusterGroupId,
      applications: [],
      ...(applicationVersion === undefined ? {} : { applicationVersion }),
    };
  }
  const targetGroup = reading.uuid('targetGroup');
  const applications = applicationsIn(reading);
  reading.finish();
  return { name, applicationId, targetGroup, applications };
}

function applicationsIn(reading: Reading): WireDeployment['applications'] {
  const given = reading.body['applications'];
  if (!Array.isArray(given) || given.length === 0) {
    reading.complain('applications should not be empty');
    return [];
  }
  return given.map((one: unknown, at) => {
    const { id, name, version, strategy } = isRecord(one) ? one : ({} as Record<string, unknown>);
    const text = (field: string, value: unknown): string => {
      if (typeof value !== 'string') reading.complain(`applications.${at}.${field} must be a string`);
      return String(value);
    };
    if (strategy !== 'manual') {
      reading.complain(`applications.${at}.strategy must be one of the following values: manual`);
    }
    return {
      id: reading.uuid(`applications.${at}.id`, id),
      name: text('name', name),
      version: text('version', version),
      strategy: 'manual',
    };
  });
}

/** One text with commas; nothing at all is a complaint. */
export function tagsBody(body: unknown): string {
  const reading = new Reading(body);
  const { tags } = reading.body;
  if (typeof tags !== 'string') reading.complain('tags must be a string');
  reading.finish();
  return String(tags);
}
