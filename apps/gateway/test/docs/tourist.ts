import { setTimeout as sleep } from 'node:timers/promises';
import type { Recorded } from '../../src/docs/examples.ts';
import type { Step } from '../../src/docs/tour.ts';
import type { Plan, Stack } from '../e2e/stack.ts';

/** As `npm start` has them. */
export const platforms: readonly Plan[] = [
  { slug: 'apps', upstream: 'app-platform', scale: 20 },
  { slug: 'chime-lab', upstream: 'chimestack', scale: 20 },
  { slug: 'fm-east', upstream: 'fleet-manager', scale: 40 },
  { slug: 'ksit-dev', upstream: 'kubestellar-toolkit', scale: 20 },
  { slug: 'palette-eu', upstream: 'palette', scale: 20 },
];

interface Place {
  readonly method: string;
  readonly route: string;
}
type Paths = Record<string, Record<string, { operationId: string }>>;

/** Walks the tour at a gateway, and tells what each step was answered. */
export class Tourist {
  readonly #kept = new Map<string, string>();
  readonly #places = new Map<string, Place>();

  constructor(
    private readonly stack: Stack,
    { paths }: { paths: Paths },
  ) {
    this.#kept.set('run', 'tour').set('platformUrl', stack.upstream('apps').baseUrl);
    for (const [route, item] of Object.entries(paths)) {
      for (const [method, { operationId }] of Object.entries(item)) {
        this.#places.set(operationId, { method: method.toUpperCase(), route });
      }
    }
  }

  async take(step: Step): Promise<Recorded> {
    const { operation, body, keep = {} } = step;
    const { method, route } = this.#places.get(operation) ?? {};
    if (!route || !method) throw new Error(`the document has no ${operation}`);
    const path = route.replace(/\{(\w+)\}/g, (_, name: string) => this.#filled(step.path?.[name] ?? ''));
    if (step.afterMs) await sleep(step.afterMs);
    const query = new URLSearchParams(JSON.parse(this.#filled(JSON.stringify(step.query ?? {}))));
    const answer = await this.stack.ask(query.size > 0 ? `${path}?${query}` : path, {
      method,
      headers: body === undefined ? {} : { 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: this.#filled(JSON.stringify(body)) }),
      ...(step.as ? { key: this.#filled(step.as) } : {}),
    });
    if (answer.status !== step.status) throw new Error(`${operation}: ${answer.status} ${answer.text}`);
    for (const [name, place] of Object.entries(keep)) {
      const value = place.split('.').reduce((at, key) => (at as Record<string, unknown>)[key], answer.body);
      if (typeof value !== 'string') throw new Error(`${operation}: no ${place} in ${answer.text}`);
      this.#kept.set(name, value);
    }
    return {
      operation,
      status: answer.status,
      type: answer.headers['content-type'] ?? null,
      answer: answer.text === '' ? null : (answer.body ?? answer.text),
    };
  }

  #filled(text: string): string {
    return text.replace(/\{\{(\w+)\}\}/g, (_, name: string) => {
      const value = this.#kept.get(name);
      if (value === undefined) throw new Error(`nothing was kept as ${name}`);
      return value;
    });
  }
}
