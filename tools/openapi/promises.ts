// What a client may rely on, read off an OpenAPI document, and which of it a later document no longer keeps.
import { type Schema, SchemaComparison } from './schemas.ts';

interface Media {
  schema?: Schema;
}
interface Parameter {
  name: string;
  in: string;
  required?: boolean;
  schema?: Schema;
}
interface Body {
  required?: boolean;
  content?: Record<string, Media>;
}
export interface Operation {
  parameters?: Parameter[];
  requestBody?: Body;
  responses?: Record<string, { content?: Record<string, Media> }>;
  security?: Record<string, string[]>[];
}
export interface OpenApi {
  info: { version: string };
  paths: Record<string, Record<string, Operation>>;
  components?: { schemas?: Record<string, Schema> };
}

/** One line for each change that a client of `before` may stumble over in `after`; their order is that of the document. */
export function brokenPromises(before: OpenApi, after: OpenApi): string[] {
  const broken: string[] = [];
  for (const [path, item] of Object.entries(before.paths)) {
    for (const [method, operation] of Object.entries(item)) {
      const name = `${method.toUpperCase()} ${path}`;
      const now = after.paths[path]?.[method];
      if (!now) broken.push(`${name} is gone`);
      else broken.push(...brokenOf(name, operation, now, new SchemaComparison(before, after)));
    }
  }
  return broken;
}

/** Whether the version says that promises were broken: a new major one, or before 1.0 a new minor one. */
export function saysSo(before: string, after: string): boolean {
  const [major = 0, minor = 0] = before.split('.').map(Number);
  const [newMajor = 0, newMinor = 0] = after.split('.').map(Number);
  return newMajor > major || (major === 0 && newMajor === 0 && newMinor > minor);
}

function brokenOf(name: string, before: Operation, after: Operation, schemas: SchemaComparison): string[] {
  return [
    ...parameters(name, before.parameters ?? [], after.parameters ?? [], schemas),
    ...body(name, before.requestBody, after.requestBody, schemas),
    ...answers(name, before, after, schemas),
    ...scopes(name, before.security ?? [], after.security ?? []),
  ];
}

function parameters(
  name: string,
  before: Parameter[],
  after: Parameter[],
  schemas: SchemaComparison,
): string[] {
  const find = (all: Parameter[], one: Parameter) =>
    all.find((other) => other.name === one.name && other.in === one.in);
  const kept = before.flatMap((one) => {
    const now = find(after, one);
    const place = `${name}: the ${one.in} parameter ${one.name}`;
    if (!now) return [`${place} is gone`];
    const required = now.required && !one.required ? [`${place} is required now`] : [];
    return [...required, ...schemas.sent(place, one.schema, now.schema)];
  });
  const added = after.filter((one) => one.required && !find(before, one));
  return [...kept, ...added.map((one) => `${name}: the ${one.in} parameter ${one.name} is new and required`)];
}

function body(
  name: string,
  before: Body | undefined,
  after: Body | undefined,
  schemas: SchemaComparison,
): string[] {
  if (!before) return after?.required ? [`${name}: a body is required now`] : [];
  if (!after) return [`${name}: it takes no body any longer`];
  const required = after.required && !before.required ? [`${name}: a body is required now`] : [];
  return [...required, ...contents(`${name}: the body`, before.content, after.content, schemas.sent)];
}

function answers(name: string, before: Operation, after: Operation, schemas: SchemaComparison): string[] {
  return Object.entries(before.responses ?? {}).flatMap(([status, { content }]) => {
    const now = after.responses?.[status];
    const place = `${name}: the answer ${status}`;
    return now ? contents(place, content, now.content, schemas.told) : [`${place} is gone`];
  });
}

type Compare = (place: string, before: Schema | undefined, after: Schema | undefined) => string[];

function contents(
  place: string,
  before: Record<string, Media> = {},
  after: Record<string, Media> = {},
  compare: Compare,
): string[] {
  return Object.entries(before).flatMap(([type, { schema }]) =>
    after[type] ? compare(place, schema, after[type].schema) : [`${place} has no ${type} any longer`],
  );
}

/** One that is new would refuse keys that did until now. */
function scopes(
  name: string,
  before: Record<string, string[]>[],
  after: Record<string, string[]>[],
): string[] {
  const all = (security: Record<string, string[]>[]) => security.flatMap((one) => Object.values(one).flat());
  if (before.length === 0 && after.length > 0) return [`${name}: it asks for a credential now`];
  const added = all(after).filter((scope) => !all(before).includes(scope));
  return added.map((scope) => `${name}: it asks for the scope ${scope} now`);
}
