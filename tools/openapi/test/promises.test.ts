import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { brokenPromises, type OpenApi, saysSo } from '../promises.ts';

const read = (name: string) =>
  JSON.parse(readFileSync(join(__dirname, '../../../libs/sdk', name), 'utf8')) as OpenApi;

/** A small one, with all that can change. */
function small() {
  return {
    info: { version: '1.2.3' },
    paths: {
      '/things/{id}': {
        get: {
          parameters: [
            { name: 'id', in: 'path', required: true, schema: { type: 'string' } },
            {
              name: 'limit',
              in: 'query',
              required: false,
              schema: { type: 'integer', minimum: 1, maximum: 100 },
            },
            { name: 'sort', in: 'query', required: false, schema: { type: 'string', enum: ['name', 'age'] } },
          ],
          responses: {
            '200': { content: { 'application/json': { schema: { $ref: '#/components/schemas/Thing' } } } },
            '4XX': { content: { 'application/json': { schema: { type: 'object' } } } },
          },
          security: [{ bearer: ['things:read'] }],
        },
        put: {
          requestBody: {
            required: false,
            content: { 'application/json': { schema: { $ref: '#/components/schemas/ThingInput' } } },
          },
          responses: { '204': {} },
          security: [{ bearer: ['things:write'] }],
        },
      },
    },
    components: {
      schemas: {
        Thing: {
          type: 'object',
          properties: {
            name: { type: 'string' },
            age: { type: ['integer', 'null'] },
            status: { type: 'string', enum: ['on', 'off'] },
            parts: { type: 'array', items: { $ref: '#/components/schemas/Thing' } },
          },
          required: ['name', 'status'],
        },
        ThingInput: {
          type: 'object',
          properties: {
            name: { type: 'string', maxLength: 100 },
            kind: { type: 'string', enum: ['a', 'b'] },
            size: { anyOf: [{ type: 'integer' }, { type: 'string' }] },
          },
          required: ['name'],
          additionalProperties: false,
        },
      },
    },
  };
}
type Small = ReturnType<typeof small>;

function after(change: (document: Small) => void): string[] {
  const changed = small();
  change(changed);
  return brokenPromises(small() as OpenApi, changed as unknown as OpenApi);
}
const get = (document: Small) => document.paths['/things/{id}'].get;
const put = (document: Small) => document.paths['/things/{id}'].put;
const thing = (document: Small) => document.components.schemas.Thing;
const input = (document: Small) => document.components.schemas.ThingInput;
/** Takes members away, or puts other values there. */
const set = (target: object, values: object) => {
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined) delete (target as Record<string, unknown>)[name];
    else Object.assign(target, { [name]: value });
  }
};

const read200 = 'GET /things/{id}: the answer 200';
const body = 'PUT /things/{id}: the body';
it.each<[string, (document: Small) => void, string]>([
  ['a path', (d) => set(d.paths, { '/things/{id}': undefined }), 'GET /things/{id} is gone'],
  ['a method', (d) => set(d.paths['/things/{id}'], { put: undefined }), 'PUT /things/{id} is gone'],
  ['an answer', (d) => set(get(d).responses, { '200': undefined }), `${read200} is gone`],
  [
    'a type of answer',
    (d) => set(get(d).responses['200'], { content: {} }),
    `${read200} has no application/json any longer`,
  ],
  ['a property told', (d) => set(thing(d).properties, { name: undefined }), `${read200}: name is gone`],
  [
    'one that was always there',
    (d) => set(thing(d), { required: ['name'] }),
    `${read200}: status may be missing now`,
  ],
  [
    'null, where none was told',
    (d) => set(thing(d).properties.name, { type: ['string', 'null'] }),
    `${read200}: name was string and is string or null now`,
  ],
  [
    'another type told',
    (d) => set(thing(d).properties.status, { type: 'integer' }),
    `${read200}: status was string and is integer now`,
  ],
  [
    'any type told',
    (d) => set(thing(d).properties.name, { type: undefined }),
    `${read200}: name is anything now`,
  ],
  [
    'an item told',
    (d) => set(thing(d).properties.parts, { items: { type: 'string' } }),
    `${read200}: parts[] was object and is string now`,
  ],
  ['a parameter', (d) => get(d).parameters.pop(), 'GET /things/{id}: the query parameter sort is gone'],
  [
    'a parameter that must be',
    (d) => set(get(d).parameters[1] as object, { required: true }),
    'GET /things/{id}: the query parameter limit is required now',
  ],
  [
    'a new one that must be',
    (d) =>
      get(d).parameters.push({ name: 'x', in: 'query', required: true, schema: { type: 'string' } } as never),
    'GET /things/{id}: the query parameter x is new and required',
  ],
  [
    'a lower bound',
    (d) => set(get(d).parameters[1]?.schema as object, { maximum: 50 }),
    'GET /things/{id}: the query parameter limit: maximum is 50 now',
  ],
  [
    'a higher bound',
    (d) => set(get(d).parameters[1]?.schema as object, { minimum: 5 }),
    'GET /things/{id}: the query parameter limit: minimum is 5 now',
  ],
  [
    'fewer words',
    (d) => set(get(d).parameters[2]?.schema as object, { enum: ['name'] }),
    'GET /things/{id}: the query parameter sort no longer takes "age"',
  ],
  [
    'a body that must be',
    (d) => set(put(d).requestBody, { required: true }),
    'PUT /things/{id}: a body is required now',
  ],
  [
    'no body any longer',
    (d) => set(put(d), { requestBody: undefined }),
    'PUT /things/{id}: it takes no body any longer',
  ],
  ['an input', (d) => set(input(d).properties, { kind: undefined }), `${body}: kind is gone`],
  [
    'an input that must be',
    (d) => set(input(d), { required: ['name', 'kind'] }),
    `${body}: kind is required now`,
  ],
  [
    'an input with fewer words',
    (d) => set(input(d).properties.kind, { enum: ['a'] }),
    `${body}: kind no longer takes "b"`,
  ],
  [
    'a shorter input',
    (d) => set(input(d).properties.name, { maxLength: 10 }),
    `${body}: name: maxLength is 10 now`,
  ],
  [
    'a pattern',
    (d) => set(input(d).properties.name, { pattern: '^a' }),
    `${body}: name has another pattern now`,
  ],
  [
    'fewer alternatives',
    (d) => input(d).properties.size.anyOf.pop(),
    `${body}: size takes fewer alternatives now`,
  ],
  [
    'another scope',
    (d) => set(get(d), { security: [{ bearer: ['things:admin'] }] }),
    'GET /things/{id}: it asks for the scope things:admin now',
  ],
])('%s is a break', (_, change, told) => {
  expect(after(change)).toContain(told);
});

it.each<[string, (document: Small) => void]>([
  ['nothing', () => {}],
  ['a new path', (d) => set(d.paths, { '/others': { get: { responses: {} } } })],
  ['a new method', (d) => set(d.paths['/things/{id}'], { delete: { responses: {} } })],
  ['a new answer', (d) => set(get(d).responses, { '206': {} })],
  ['a new property told', (d) => set(thing(d).properties, { more: { type: 'string' } })],
  ['one that is always there now', (d) => set(thing(d), { required: ['name', 'status', 'age'] })],
  ['null that is told no longer', (d) => set(thing(d).properties.age, { type: 'integer' })],
  ['a new word told', (d) => set(thing(d).properties.status, { enum: ['on', 'off', 'unknown'] })],
  [
    'a parameter that may be left out',
    (d) =>
      get(d).parameters.push({
        name: 'x',
        in: 'query',
        required: false,
        schema: { type: 'string' },
      } as never),
  ],
  ['a wider bound', (d) => set(get(d).parameters[1]?.schema as object, { minimum: 0, maximum: 200 })],
  ['more words', (d) => set(get(d).parameters[2]?.schema as object, { enum: ['name', 'age', 'size'] })],
  ['an input that may be left out', (d) => set(input(d).properties, { more: { type: 'string' } })],
  ['an input that need not be any longer', (d) => set(input(d), { required: [] })],
  ['a number where an integer was', (d) => set(get(d).parameters[1]?.schema as object, { type: 'number' })],
  ['one alternative more', (d) => input(d).properties.size.anyOf.push({ type: 'boolean' })],
  ['no credential any longer', (d) => set(get(d), { security: [] })],
  [
    'another name of a schema',
    (d) => {
      set(d.components.schemas, { Renamed: input(d) });
      set(put(d).requestBody.content['application/json'].schema, { $ref: '#/components/schemas/Renamed' });
    },
  ],
])('%s is none', (_, change) => {
  expect(after(change)).toEqual([]);
});

it('a schema that contains itself is compared once', () => {
  expect(after((d) => set(thing(d).properties, { age: undefined }))).toEqual([`${read200}: age is gone`]);
});

it.each([
  ['1.2.3', '1.3.0', false],
  ['1.2.3', '2.0.0', true],
  ['0.1.0', '0.1.9', false],
  ['0.1.0', '0.2.0', true],
  ['0.9.0', '1.0.0', true],
])('%s → %s may break promises: %s', (before, now, expected) => {
  expect(saysSo(before, now)).toBe(expected);
});

it('the document keeps what the released version has promised, or its version says that it does not', () => {
  const released = read('released.json');
  const current = read('openapi.json');
  expect(Object.keys(released.paths).length).toBeGreaterThan(30);
  const broken = brokenPromises(released, current);
  if (!saysSo(released.info.version, current.info.version)) expect(broken).toEqual([]);
});
