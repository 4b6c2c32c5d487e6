import type { OpenAPIObject } from '@nestjs/swagger';
import { explains } from '../requests/explain.ts';

interface Described {
  parameters?: object[];
  responses?: Record<string, { content?: Record<string, { schema?: { properties?: object } }> }>;
}

const story = { $ref: '#/components/schemas/RequestStory' };

/** Says of every read that it can be asked to explain itself, and where the story then stands. */
export function describeExplain(document: OpenAPIObject): void {
  for (const [path, methods] of Object.entries(document.paths)) {
    const route = path.replaceAll(/\{(\w+)\}/g, ':$1');
    const read = methods['get'] as Described | undefined;
    if (!read || !explains('GET', route)) continue;
    read.parameters = [
      ...(read.parameters ?? []),
      {
        name: 'explain',
        in: 'query',
        required: false,
        description: 'true: the story of this very request stands in the answer, under `explain`',
        schema: { type: 'string', enum: ['true', 'false'] },
      },
    ];
    const schema = read.responses?.['200']?.content?.['application/json']?.schema;
    if (schema?.properties) schema.properties = { ...schema.properties, explain: story };
  }
  const error = document.components?.schemas?.['Error'] as { properties?: object } | undefined;
  if (error) error.properties = { ...error.properties, explain: story };
}
