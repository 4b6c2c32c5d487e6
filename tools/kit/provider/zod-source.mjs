import { resolve } from './pointer.mjs';

/** Without these an object is nothing; everything else may be missing, or of another type tomorrow. */
const identity = /^(id|uid|uuid)$/i;

/**
 * Writes JSON schemas as zod sources that read leniently: objects are loose, words of an enumeration are any text, what is no identity
 * and no list may be missing or null. A list of another type stays an error: it must not read as empty.
 */
export function createWriter(document) {
  const names = new Map();
  const taken = new Set(['z']);
  /** names whose source is being written: a reference to one of them goes round */
  const open = new Set();
  const written = [];

  function nameFor(words) {
    const plain = words.replace(/[^A-Za-z0-9]+(.)?/g, (_, sign = '') => sign.toUpperCase());
    const base = plain.slice(0, 1).toUpperCase() + plain.slice(1);
    const start = /^[A-Z]/.test(base) ? base : `Wire${base}`;
    let name = start;
    for (let number = 2; taken.has(name); number += 1) name = `${start}${number}`;
    taken.add(name);
    return name;
  }

  function reference(pointer) {
    const known = names.get(pointer);
    if (known !== undefined) return open.has(known) ? `z.lazy((): z.ZodType => ${known})` : known;
    const name = nameFor(pointer.split('/').at(-1) ?? 'schema');
    names.set(pointer, name);
    open.add(name);
    const source = sourceOf(resolve(document, pointer));
    open.delete(name);
    written.push(`export const ${name} = ${source};\nexport type ${name} = z.infer<typeof ${name}>;\n`);
    return name;
  }

  function sourceOf(schema) {
    if (schema === true || typeof schema !== 'object' || schema === null) return 'z.unknown()';
    if (schema.$ref) return reference(schema.$ref);
    if (schema.allOf) return objectOf(merged(schema));
    const alternatives = schema.oneOf ?? schema.anyOf;
    if (alternatives) return alternativesOf(alternatives.filter(({ type }) => type !== 'null'));
    const [type, ...others] = [schema.type ?? (schema.properties ? 'object' : [])]
      .flat()
      .filter((word) => word !== 'null');
    if (others.length > 0) return alternativesOf([type, ...others].map((one) => ({ ...schema, type: one })));
    switch (type) {
      case 'string':
        return 'z.string()';
      case 'integer':
      case 'number':
        return 'z.number()';
      case 'boolean':
        return 'z.boolean()';
      case 'array':
        return `z.array(${sourceOf(schema.items ?? true)})`;
      case 'object':
        return objectOf(schema);
      default:
        return 'z.unknown()';
    }
  }

  function alternativesOf(alternatives) {
    const sources = [...new Set(alternatives.map(sourceOf))];
    if (sources.length === 1) return sources[0];
    // The first loose object would fit everything, so only plain values are told apart.
    return sources.every((source) => /^z\.(string|number|boolean)\(\)$/.test(source))
      ? `z.union([${sources.join(', ')}])`
      : 'z.unknown()';
  }

  function objectOf({ properties, required = [], additionalProperties }) {
    if (properties === undefined) {
      const values =
        typeof additionalProperties === 'object' ? sourceOf(additionalProperties) : 'z.unknown()';
      return `z.record(z.string(), ${values})`;
    }
    const fields = Object.entries(properties).map(([name, schema]) => {
      const key = /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name);
      return `${key}: ${fieldOf(name, schema, required.includes(name))}`;
    });
    return `z.looseObject({ ${fields.join(', ')} })`;
  }

  function fieldOf(name, schema, required) {
    const source = sourceOf(schema);
    if (identity.test(name) && required) return source === 'z.string()' ? 'z.string().min(1)' : source;
    if (source === 'z.unknown()') return source;
    const isList = source.startsWith('z.array(');
    if (isList) return required ? source : `${source}.nullish()`;
    return /^z\.(string|number|boolean|union)\(/.test(source)
      ? `${source}.nullish().catch(null)`
      : `${source}.nullish()`;
  }

  function merged(schema) {
    const { allOf = [], ...own } = schema;
    const parts = [...allOf, own].map((part) => {
      const whole = part.$ref ? resolve(document, part.$ref) : part;
      return whole.allOf ? merged(whole) : whole;
    });
    return {
      properties: Object.assign({}, ...parts.map(({ properties }) => properties)),
      required: parts.flatMap(({ required = [] }) => required),
    };
  }

  return { nameFor, source: sourceOf, components: () => written };
}
