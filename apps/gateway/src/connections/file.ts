import { readFileSync } from 'node:fs';
import { Slug } from '@fleetgate/model';
import type { ProviderDefinition } from '@fleetgate/provider-spec';
import { z } from 'zod';
import { type IssuerConfig, issuersOf } from '../tokens/issuers.ts';
import { checked } from './checks.ts';
import { defaultIntervalMs, SyncInterval } from './sync-interval.ts';
import { type Path, YamlSource } from './yaml-source.ts';

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
  issuers: IssuerConfig[];
  /** one line each, beginning with file:line:column, in their order in the file */
  problems: string[];
  /** the names of the variables that the file speaks of */
  variables: ReadonlySet<string>;
}

const Entry = z.strictObject({
  slug: Slug,
  provider: z.string(),
  team: Slug.optional(),
  sync: z.strictObject({ interval: SyncInterval.optional() }).optional(),
  settings: z.record(z.string(), z.unknown()).default({}),
});
const File = z.strictObject({
  connections: z.array(z.unknown()),
  issuers: z.array(z.unknown()).optional(),
});

/** Reads the file of connections and issuers. Everything that is wrong is told at once, where it stands; values are never repeated. */
export function readConnections(options: Options): Outcome {
  let text: string;
  try {
    text = readFileSync(options.path, 'utf8');
  } catch (error) {
    const problem = `FLEETGATE_CONFIG ${options.path} ${wordsForFile(error)}`;
    return { connections: [], issuers: [], problems: [problem], variables: new Set() };
  }
  return new ConnectionsFile(new YamlSource(text, options.env), options).read();
}

function wordsForFile(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'does not exist';
  if (code === 'EISDIR') return 'is a folder, where a file should be';
  return `cannot be read (${code})`;
}

class ConnectionsFile {
  readonly #seen = new Map<string, number>();

  constructor(
    private readonly source: YamlSource,
    private readonly options: Options,
  ) {}

  read(): Outcome {
    const connections = this.#entries();
    const issuers = issuersOf(this.source);
    const problems = this.source.problems(this.options.path);
    const wrong = problems.length > 0;
    return {
      connections: wrong ? [] : connections,
      issuers: wrong ? [] : issuers,
      problems,
      variables: this.source.variables,
    };
  }

  #entries(): ConnectionConfig[] {
    const { value } = this.source;
    if (value === undefined) return [];
    if (value === null) {
      this.source.refuse([], 'the file is empty: it holds a list of connections, at least "connections: []"');
      return [];
    }
    if (typeof value !== 'object' || Array.isArray(value)) {
      this.source.refuse([], 'the file must begin with "connections:", and hold the list of them');
      return [];
    }
    checked(this.source, File, value, [], '');
    // What is wrong elsewhere is no reason to keep quiet about the connections.
    const { connections } = value as { connections?: unknown };
    return (Array.isArray(connections) ? connections : []).flatMap(
      (entry, index) => this.#entry(entry, index) ?? [],
    );
  }

  #entry(entry: unknown, index: number): ConnectionConfig | undefined {
    const path = ['connections', index];
    if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) {
      this.source.refuse(path, `connection ${index + 1} must hold slug, provider and settings`);
      return undefined;
    }
    const { slug: name, provider, settings = {} } = entry as Record<string, unknown>;
    const label = Slug.safeParse(name).success
      ? `connection "${this.source.written([...path, 'slug'])}": `
      : `connection ${index + 1}: `;
    const own = checked(this.source, Entry, entry, path, label);
    if (own) this.#claim(own.slug, path, label);
    const definition = typeof provider === 'string' ? this.#definition(provider, path, label) : undefined;
    // A wrong slug is no reason to keep quiet about wrong settings.
    if (!definition || typeof settings !== 'object' || settings === null || Array.isArray(settings))
      return undefined;
    const known = checked(
      this.source,
      definition.settings,
      settings,
      [...path, 'settings'],
      `${label}settings.`,
    );
    if (!own || known === undefined) return undefined;
    const { slug, team, sync } = own;
    return {
      slug,
      provider: definition.id,
      team: team ?? null,
      syncIntervalMs: sync?.interval ?? defaultIntervalMs,
      settings: known,
    };
  }

  #claim(slug: string, path: Path, label: string): void {
    const line = this.#seen.get(slug);
    if (line === undefined) this.#seen.set(slug, this.source.lineOf([...path, 'slug']));
    else this.source.refuse([...path, 'slug'], `${label}the slug is taken by the connection in line ${line}`);
  }

  #definition(id: string, path: Path, label: string): ProviderDefinition | undefined {
    const definition = this.options.providers.find((one) => one.id === id);
    if (!definition) {
      const installed = this.options.providers.map((one) => one.id).join(', ');
      const at = [...path, 'provider'];
      this.source.refuse(
        at,
        `${label}unknown provider "${this.source.written(at)}": installed are ${installed}`,
      );
    }
    return definition;
  }
}
