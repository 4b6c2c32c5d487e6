import { readFileSync } from 'node:fs';
import type { OpenAPIObject } from '@nestjs/swagger';
import { tour } from './tour.ts';

/** What one step of the tour was answered by a gateway over the sandbox; null: without a body. */
export interface Recorded {
  readonly operation: string;
  readonly status: number;
  readonly type: string | null;
  readonly answer: unknown;
}

/** `npm run openapi -- --record` writes it; one for each step, in their order. */
export const recordedFile = new URL('../../examples.json', import.meta.url);

export function recordedSteps(): Recorded[] {
  return JSON.parse(readFileSync(recordedFile, 'utf8')) as Recorded[];
}

interface Media {
  schema?: unknown;
  example?: unknown;
}
interface Described {
  operationId: string;
  requestBody?: { content?: Record<string, Media> };
  responses: Record<string, { content?: Record<string, Media> }>;
}

/** Puts the first answer of each kind, and what was sent for it, beside its schema. */
export function showExamples(document: OpenAPIObject): void {
  const operations = new Map(
    Object.values(document.paths)
      .flatMap((item) => Object.values(item) as Described[])
      .map((operation) => [operation.operationId, operation]),
  );
  const recorded = recordedSteps();
  for (const [at, step] of tour.flatMap(({ steps }) => steps).entries()) {
    const { operation: name, status, type, answer } = recorded[at] ?? {};
    const operation = operations.get(step.operation);
    if (name !== step.operation || !operation || status === undefined) continue; // recorded for another tour: its test fails
    const sent = operation.requestBody?.content?.['application/json'];
    if (sent && status < 400 && step.body !== undefined) sent.example ??= filled(step.body);
    const responses = operation.responses;
    const response = responses[status] ?? responses[`${Math.floor(status / 100)}XX`];
    const content = response?.content;
    const media = content?.[(type ?? '').split(';', 1)[0] as string] ?? content?.['*/*'];
    if (media && answer !== null) media.example ??= answer;
  }
}

/** What stands for something kept reads as a word there. */
function filled(body: unknown): unknown {
  return JSON.parse(
    JSON.stringify(body)
      .replaceAll('-{{run}}', '')
      .replace(/ ?\{\{run\}\}/g, '')
      .replace(/\{\{(\w+)\}\}/g, '…'),
  );
}
