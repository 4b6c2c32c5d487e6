import { WireError } from '../core/emulator.ts';
import { isRecord } from '../core/population.ts';
import { envelope, type FieldProblem } from './errors.ts';

/** What is wrong with a value, for people; undefined: nothing. */
type Check = (value: unknown) => string | undefined;

const text =
  (least: number, most: number): Check =>
  (value) =>
    typeof value === 'string' && value.length >= least && value.length <= most
      ? undefined
      : `must be a text of ${least} to ${most} characters`;
const oneOf =
  (...words: readonly string[]): Check =>
  (value) =>
    words.includes(value as string) ? undefined : `must be one of: ${words.join(', ')}`;
const orNull =
  (check: Check): Check =>
  (value) =>
    value === null ? undefined : check(value);

const project: Record<string, Check> = {
  name: text(1, 200),
  description: orNull(text(0, 4096)),
  visibility: oneOf('private', 'public'),
  team_id: orNull(text(1, 200)),
};

interface BodyRules {
  readonly fields: Readonly<Record<string, Check>>;
  readonly required: readonly string[];
}

/** Bodies as this platform takes them. */
export const bodies = {
  createProject: {
    fields: { ...project, template: oneOf('blank', 'website', 'api', 'mobile') },
    required: ['name'],
  },
  replaceProject: { fields: { ...project, status: oneOf('active', 'archived') }, required: ['name'] },
  createDeployment: {
    fields: {
      version: text(1, 200),
      commit: (value) =>
        typeof value === 'string' && /^[0-9a-f]{7,40}$/.test(value)
          ? undefined
          : 'must be 7 to 40 lower-case hex digits',
    },
    required: [],
  },
} as const satisfies Record<string, BodyRules>;

/** 400 for what is no JSON object, 422 that names every wrong field. Where nothing is required, nothing need be sent. */
export function readBody(sent: unknown, { fields, required }: BodyRules): Record<string, unknown> {
  const body = sent === undefined && required.length === 0 ? {} : sent;
  if (!isRecord(body)) throw new WireError(envelope(400));
  const problems: FieldProblem[] = required
    .filter((field) => body[field] === undefined)
    .map((field) => ({ field, message: `${titled(field)} is required` }));
  for (const [field, value] of Object.entries(body)) {
    const wrong = Object.hasOwn(fields, field) ? fields[field]?.(value) : 'is not known here';
    if (wrong) problems.push({ field, message: `${titled(field)} ${wrong}` });
  }
  if (problems.length > 0) throw new WireError(envelope(422, problems));
  return body;
}

function titled(field: string): string {
  return `${field.slice(0, 1).toUpperCase()}${field.slice(1).replaceAll('_', ' ')}`;
}
