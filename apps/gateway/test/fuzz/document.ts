import { z } from 'zod';

interface Schema {
  $ref?: string;
  properties?: Record<string, Schema>;
  enum?: unknown[];
  [member: string]: unknown;
}
interface Described {
  parameters?: { name: string; in: string; schema: Schema }[];
  requestBody?: { content: Record<string, { schema: Schema }> };
  responses: Record<string, { content?: Record<string, { schema?: Schema }> }>;
}
export interface Document {
  paths: Record<string, Record<string, Described>>;
  components: { schemas: Record<string, Schema> };
}

/** One operation as the document describes it. */
export interface Operation {
  readonly method: string;
  readonly path: string;
  readonly query: readonly { name: string; values: readonly string[] }[];
  /** names of the members of its body; undefined: it takes none */
  readonly members: readonly string[] | undefined;
  /** Why that body is not what the document says of the status; undefined: it is. */
  broken(status: number, body: unknown): string | undefined;
}

/** What is the upstream's own answer, would not end, takes a second each by intent, or changes what the others stand on. */
const leftOut = /\/native|events\/stream|\/oauth\/keys|\/v1\/log(in|out)|\/me\/password|^\/metrics/;

export function operationsOf(document: Document): Operation[] {
  const { schemas } = document.components;
  const resolved = (schema: Schema | undefined): Schema =>
    schema?.$ref ? (schemas[schema.$ref.split('/').at(-1) as string] ?? {}) : (schema ?? {});
  return Object.entries(document.paths)
    .filter(([path]) => !leftOut.test(path))
    .flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, described]) => {
        const validators = new Map<string, z.ZodType | undefined>();
        const validatorOf = (status: number) => {
          const { responses } = described;
          const name = [String(status), `${String(status)[0]}XX`].find((one) => responses[one]) ?? '';
          if (!validators.has(name)) {
            const content = responses[name]?.content;
            const schema = content?.['application/json']?.schema;
            const text = schema && JSON.stringify({ ...schema, $defs: schemas });
            validators.set(
              name,
              text === undefined
                ? undefined
                : z.fromJSONSchema(JSON.parse(text.replaceAll('#/components/schemas/', '#/$defs/'))),
            );
          }
          return { described: name !== '', validator: validators.get(name) };
        };
        const content = described.requestBody?.content;
        const body = resolved(
          content?.['application/json']?.schema ?? Object.values(content ?? {})[0]?.schema,
        );
        return {
          method: method.toUpperCase(),
          path,
          query: (described.parameters ?? [])
            .filter((parameter) => parameter.in === 'query')
            .map(({ name, schema }) => ({ name, values: (resolved(schema).enum ?? []).map(String) })),
          members: content && Object.keys(body.properties ?? {}),
          broken(status: number, answer: unknown) {
            const { described: known, validator } = validatorOf(status);
            if (!known && !/^\/(livez|readyz|v1\/health)/.test(path))
              return `status ${status} is not described`;
            const issues = validator?.safeParse(answer).error?.issues;
            return issues && JSON.stringify(issues).slice(0, 1000);
          },
        };
      }),
    );
}
