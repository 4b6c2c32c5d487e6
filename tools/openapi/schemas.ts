import type { OpenApi } from './promises.ts';

export interface Schema {
  $ref?: string;
  type?: string | string[];
  enum?: unknown[];
  const?: unknown;
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: boolean | Schema;
  items?: Schema;
  oneOf?: Schema[];
  anyOf?: Schema[];
  allOf?: Schema[];
  pattern?: string;
  [bound: string]: unknown;
}
type Way = 'sent' | 'told';

/** Bounds of what is sent: the first kind may not rise, the second not fall. */
const lowest = ['minimum', 'exclusiveMinimum', 'minLength', 'minItems'];
const highest = ['maximum', 'exclusiveMaximum', 'maxLength', 'maxItems'];

/** Compares schemas of two documents: what clients send may only be asked for less, what they are told may only become more. */
export class SchemaComparison {
  /** pairs that are being compared: schemas may contain themselves */
  readonly #open = new Set<string>();

  readonly #before: OpenApi;
  readonly #after: OpenApi;

  constructor(before: OpenApi, after: OpenApi) {
    this.#before = before;
    this.#after = after;
  }

  readonly sent = (place: string, before?: Schema, after?: Schema) =>
    this.#compare('sent', place, before, after);
  readonly told = (place: string, before?: Schema, after?: Schema) =>
    this.#compare('told', place, before, after);

  #compare(way: Way, place: string, before: Schema = {}, after: Schema = {}): string[] {
    const pair = `${way} ${before.$ref} ${after.$ref}`;
    const named = before.$ref !== undefined || after.$ref !== undefined;
    if (named && this.#open.has(pair)) return [];
    if (named) this.#open.add(pair);
    const was = resolved(before, this.#before);
    const is = resolved(after, this.#after);
    const found = [
      ...types(way, place, was, is),
      ...values(way, place, was, is),
      ...(way === 'sent' ? bounds(place, was, is) : []),
      ...this.#members(way, place, was, is),
      ...this.#alternatives(way, place, was, is),
      ...(was.items && is.items ? this.#compare(way, `${place}[]`, was.items, is.items) : []),
    ];
    if (named) this.#open.delete(pair);
    return found;
  }

  #members(way: Way, place: string, was: Schema, is: Schema): string[] {
    const found: string[] = [];
    for (const [name, schema] of Object.entries(was.properties ?? {})) {
      const now = is.properties?.[name];
      const inner = `${place}.${name}`.replace(/: the (body|answer \d+|answer \dXX)\./, ': the $1: ');
      if (now) found.push(...this.#compare(way, inner, schema, now));
      else if (way === 'told' || is.additionalProperties === false) found.push(`${inner} is gone`);
      const required = was.required?.includes(name) ?? false;
      const requiredNow = is.required?.includes(name) ?? false;
      if (way === 'told' && now && required && !requiredNow) found.push(`${inner} may be missing now`);
      if (way === 'sent' && !required && requiredNow) found.push(`${inner} is required now`);
    }
    if (way === 'sent') {
      const added = (is.required ?? []).filter((name) => !was.properties?.[name]);
      found.push(...added.map((name) => `${place}.${name} is new and required`));
      if (was.additionalProperties !== false && is.additionalProperties === false && was.properties) {
        found.push(`${place} takes no further members any longer`);
      }
    }
    return found;
  }

  /** Alternatives are paired by their order; one that is gone can no longer be sent, one that is new was never told of. */
  #alternatives(way: Way, place: string, was: Schema, is: Schema): string[] {
    return (['oneOf', 'anyOf', 'allOf'] as const).flatMap((kind) => {
      const old = was[kind] ?? [];
      const now = is[kind] ?? [];
      if (old.length === 0 && now.length === 0) return [];
      const fewer = kind === 'allOf' ? now.length > old.length : now.length < old.length;
      const paired = old.slice(0, now.length).flatMap((one, at) => this.#compare(way, place, one, now[at]));
      return way === 'sent' && fewer ? [`${place} takes fewer alternatives now`, ...paired] : paired;
    });
  }
}

function resolved(schema: Schema, document: OpenApi): Schema {
  const name = schema.$ref?.replace('#/components/schemas/', '');
  if (name === undefined) return schema;
  const found = document.components?.schemas?.[name];
  if (!found) throw new Error(`the document describes no ${name}`);
  return resolved(found, document);
}

function types(way: Way, place: string, was: Schema, is: Schema): string[] {
  const of = ({ type }: Schema) => (type === undefined ? [] : [type].flat());
  const [wider, narrower] = way === 'sent' ? [is, was] : [was, is];
  if (of(wider).length === 0) return [];
  if (of(narrower).length === 0) return [`${place} is ${of(is).join(' or ') || 'anything'} now`];
  const outside = of(narrower).filter((type) => !fits(type, of(wider)));
  return outside.length > 0 ? [`${place} was ${of(was).join(' or ')} and is ${of(is).join(' or ')} now`] : [];
}

const fits = (type: string, types: string[]) =>
  types.includes(type) || (type === 'integer' && types.includes('number'));

/** A word that may no longer be sent is a break. One that is new in answers is none: clients are told to expect that. */
function values(way: Way, place: string, was: Schema, is: Schema): string[] {
  const of = (schema: Schema) => schema.enum ?? ('const' in schema ? [schema.const] : undefined);
  const now = of(is);
  if (way === 'told' || !now) return [];
  const old = of(was);
  if (!old) return [`${place} takes only certain values now`];
  const gone = old.filter((value) => !now.includes(value));
  return gone.map((value) => `${place} no longer takes ${JSON.stringify(value)}`);
}

function bounds(place: string, was: Schema, is: Schema): string[] {
  const stricter = (name: string, isStricter: (old: number, now: number) => boolean) => {
    const now = is[name];
    const old = was[name];
    if (typeof now !== 'number') return [];
    return typeof old !== 'number' || isStricter(old, now) ? [`${place}: ${name} is ${now} now`] : [];
  };
  return [
    ...lowest.flatMap((name) => stricter(name, (old, now) => now > old)),
    ...highest.flatMap((name) => stricter(name, (old, now) => now < old)),
    ...(is.pattern !== undefined && is.pattern !== was.pattern ? [`${place} has another pattern now`] : []),
  ];
}
