import { readFileSync } from 'node:fs';
import { Slug } from '@fleetgate/model';
import type { ProviderDefinition } from '@fleetgate/provider-spec';
import {
  type Document,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  visit,
} from 'yaml';
import { z } from 'zod';

export interface ConnectionConfig {
  readonly slug: string;
  /** id of the provider */
  readonly provider: string;
  readonly team: string | null;
  readonly syncIntervalMs: number;
  /** as the provider's own schema parsed them */
  readonly settings: unknown;
}

interface Options {
  readonly path: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly providers: readonly ProviderDefinition[];
}

interface Outcome {
  connections: ConnectionConfig[];
  /** one line each, beginning with file:line:column */
  problems: string[];
}

const unitMs = { s: 1000, m: 60_000, h: 3_600_000 };
const intervalForm = 'must be seconds, or like 30s, 5m or 1h, from 5s to 24h';
const Interval = z
  .union([z.int(), z.string().regex(/^\d{1,6}[smh]?$/, { error: intervalForm })], { error: intervalForm })
  .transform((given) => {
    const [, count, unit = 's'] = /^(\d+)([smh])?$/.exec(String(given)) ?? [];
    return Number(count) * unitMs[unit as keyof typeof unitMs];
  })
  .refine((ms) => ms >= 5000 && ms <= 86_400_000, { error: intervalForm });

const Entry = z.strictObject({
  slug: Slug,
  provider: z.string(),
  team: Slug.optional(),
  sync: z.strictObject({ interval: Interval.optional() }).optional(),
  settings: z.record(z.string(), z.unknown()).default({}),
});

const defaultIntervalMs = 60_000;

/** Reads the file of connections. Everything that is wrong is told at once, where it stands; values are never repeated. */
export function readConnections(options: Options): Outcome {
  let text: string;
  try {
    text = readFileSync(options.path, 'utf8');
  } catch (error) {
    const reason =
      (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'there is no such file' : 'cannot be read';
    return { connections: [], problems: [`FLEETGATE_CONFIG ${options.path}: ${reason}`] };
  }
  return new ConnectionsFile(text, options).read();
}

class ConnectionsFile {
  readonly #lines = new LineCounter();
  readonly #document: Document;
  readonly #problems: { offset: number; text: string }[] = [];

  constructor(
    text: string,
    private readonly options: Options,
  ) {
    this.#document = parseDocument(text, { lineCounter: this.#lines, prettyErrors: false, uniqueKeys: true });
  }

  read(): Outcome {
    for (const { message, pos } of this.#document.errors) this.#say(pos[0], message.replace(/\s+/g, ' '));
    const connections = this.#document.errors.length === 0 ? this.#entries() : [];
    const problems = this.#problems
      .sort((a, b) => a.offset - b.offset)
      .map(({ offset, text }) => {
        const { line, col } = this.#lines.linePos(offset);
        return `${this.options.path}:${line}:${col} ${text}`;
      });
    return { connections: problems.length === 0 ? connections : [], problems };
  }

  #entries(): ConnectionConfig[] {
    this.#substitute();
    const top = this.#document.toJS() as unknown;
    const shape = z.strictObject({ connections: z.array(z.unknown()) }).safeParse(top);
    if (!shape.success) {
      this.#sayIssues([], shape.error.issues, 'the file');
      return [];
    }
    const seen = new Set<string>();
    return shape.data.connections.flatMap((entry, index) => {
      const path = ['connections', index];
      const parsed = Entry.safeParse(entry);
      if (!parsed.success) {
        this.#sayIssues(path, parsed.error.issues, 'a connection');
        return [];
      }
      const { slug, provider, team, sync, settings } = parsed.data;
      if (seen.has(slug))
        this.#say(this.#offset([...path, 'slug']), `slug "${slug}" is taken by a connection above`);
      seen.add(slug);
      const definition = this.options.providers.find(({ id }) => id === provider);
      if (!definition) {
        const known = this.options.providers.map(({ id }) => id).join(', ');
        this.#say(
          this.#offset([...path, 'provider']),
          `unknown provider "${provider}": installed are ${known}`,
        );
        return [];
      }
      const checked = definition.settings.safeParse(settings);
      if (!checked.success) {
        this.#sayIssues([...path, 'settings'], checked.error.issues, provider);
        return [];
      }
      const syncIntervalMs = sync?.interval ?? defaultIntervalMs;
      return [{ slug, provider, team: team ?? null, syncIntervalMs, settings: checked.data }];
    });
  }

  /** Puts variables in place of ${NAME} inside values: after parsing, so that a value can never become YAML. */
  #substitute(): void {
    visit(this.#document, {
      Scalar: (key, node) => {
        if (key === 'key' || typeof node.value !== 'string') return;
        node.value = node.value.replace(/\$(\$)?\{([^}]*)\}/g, (whole, escaped, name) => {
          if (escaped) return whole.slice(1);
          const value = this.options.env[name];
          if (value === undefined) this.#say(node.range?.[0] ?? 0, `the variable ${name} is not set`);
          return value ?? whole;
        });
      },
    });
  }

  #sayIssues(base: readonly (string | number)[], issues: readonly z.core.$ZodIssue[], what: string): void {
    for (const issue of issues.flatMap(innermost)) {
      const path = [...base, ...issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part))];
      const name = issue.path.map(String).join('.');
      if (issue.code === 'unrecognized_keys') {
        for (const key of issue.keys) {
          const known = name ? `${name}.${key}` : key;
          this.#say(this.#offset([...path, key]), `"${known}" is not a setting of ${what}`);
        }
      } else if (issue.code === 'invalid_type' && this.#document.getIn(path) === undefined) {
        this.#say(this.#offset(path), `"${name || 'connections'}" is missing in ${what}`);
      } else {
        this.#say(this.#offset(path), `"${name}" of ${what}: ${issue.message}`);
      }
    }
  }

  #say(offset: number, text: string): void {
    if (!this.#problems.some((one) => one.offset === offset && one.text === text)) {
      this.#problems.push({ offset, text });
    }
  }

  /** Where the nearest thing stands that the path reaches: the key of a member, or what should hold it. */
  #offset(path: readonly (string | number)[]): number {
    let node: Node | null = this.#document.contents;
    let offset = node?.range?.[0] ?? 0;
    for (const part of path) {
      let next: unknown;
      if (isMap(node)) {
        const pair = node.items.find(({ key }) => isScalar(key) && key.value === part);
        if (!pair) break;
        offset = isScalar(pair.key) ? (pair.key.range?.[0] ?? offset) : offset;
        next = pair.value;
      } else if (isSeq(node)) {
        next = node.items[part as number];
        if (isNode(next)) offset = next.range?.[0] ?? offset;
      }
      if (!isNode(next)) break;
      node = next;
    }
    return offset;
  }
}

/** Of a union, the alternative that came nearest: the one with the fewest complaints. */
function innermost(issue: z.core.$ZodIssue): z.core.$ZodIssue[] {
  if (issue.code !== 'invalid_union' || issue.errors.length === 0) return [issue];
  const [best] = [...issue.errors].sort((a, b) => a.length - b.length);
  const whole = (best ?? []).every(({ code, path }) => code === 'invalid_type' && path.length === 0);
  if (whole) return [issue];
  return (best ?? []).flatMap((inner) => innermost({ ...inner, path: [...issue.path, ...inner.path] }));
}
