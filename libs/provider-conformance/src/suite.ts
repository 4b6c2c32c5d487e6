import { type Kind, kinds } from '@fleetgate/model';
import {
  type FacetName,
  facetOf,
  type Host,
  type Limits,
  type Provider,
  type WriteOperation,
  type WriteRules,
  writeOperations,
} from '@fleetgate/provider-spec';
import { z } from 'zod';
import type { ConformanceOptions, ConformanceTest, KindOptions } from './options.ts';
import type { WriteSamples } from './samples.ts';
import { type Subject, type SubjectOptions, withSubject } from './subject.ts';
import type { UpstreamUnderTest } from './upstream.ts';

/** The provider's definition as the groups of tests see it, whatever the type of its settings. */
export interface Suite {
  readonly id: string;
  readonly title: string;
  readonly example: unknown;
  /** those whose facet the provider has */
  readonly kinds: readonly Kind[];
  /** names of the settings that are marked as secret */
  readonly secretNames: ReadonlySet<string>;
  /** names of all settings, at any depth */
  readonly settingNames: ReadonlySet<string>;
  parse(settings: unknown): z.ZodSafeParseResult<unknown>;
  limits(settings: unknown): Limits;
  connectExample(host: Host): Provider;
  refusedSettings(upstream: UpstreamUnderTest): unknown;
  kindOptions(kind: Kind): KindOptions;
  /** every operation that changes something */
  readonly writes: readonly Write[];
  readonly rules: WriteRules;
  readonly samples: WriteSamples;
  readonly refusal: ConformanceOptions['refusal'];
  test(group: string, name: string, work: Work, subject?: SubjectOptions): ConformanceTest;
}

export type Work = (subject: Subject) => Promise<void>;

/** A host for a provider that is only looked at. */
export const idleHost: Host = {
  send: () => Promise.reject(new Error('this provider is only looked at')),
  clock: { now: () => 0, sleep: () => Promise.reject(new Error('this provider is only looked at')) },
  random: () => 0,
  tokens: {
    read: () => Promise.resolve(undefined),
    write: () => Promise.resolve(),
    exclusive: (_name, work) => work(),
  },
};

export function createSuite<Schema extends z.ZodType>(options: ConformanceOptions<Schema>): Suite {
  const { definition } = options;
  const connectExample = (host: Host) =>
    definition.connect(definition.settings.parse(definition.example), host);
  const present = looked(() => connectExample(idleHost));
  const { all, secret } = namesIn(
    z.toJSONSchema(definition.settings, { io: 'input', unrepresentable: 'any' }),
  );
  return {
    id: definition.id,
    title: definition.title,
    example: definition.example,
    kinds: kinds.filter((kind) => present?.[facetOf[kind]] !== undefined),
    secretNames: secret,
    settingNames: all,
    parse: (settings) => definition.settings.safeParse(settings),
    limits: (settings) => definition.limits(definition.settings.parse(settings)),
    connectExample,
    refusedSettings: options.refusedSettings,
    kindOptions: (kind) => options.kinds?.[kind] ?? {},
    writes: present ? writesOf(present) : [],
    rules: definition.writes ?? {},
    samples: options.writes ?? {},
    refusal: options.refusal,
    test: (group, name, work, subject = {}) => ({
      group,
      name,
      run: () => withSubject(options, subject, work),
    }),
  };
}

/** One operation that changes something. */
export interface Write {
  /** `projects.create` */
  readonly name: string;
  readonly kind: Kind;
  readonly facet: FacetName;
  readonly operation: WriteOperation;
}

function writesOf(provider: Provider): Write[] {
  return kinds.flatMap((kind) => {
    const facet = facetOf[kind];
    const operations: object = provider[facet] ?? {};
    return writeOperations
      .filter((operation) => operation in operations)
      .map((operation) => ({ name: `${facet}.${operation}`, kind, facet, operation }));
  });
}

function looked(connect: () => Provider): Provider | undefined {
  try {
    return connect();
  } catch {
    return undefined; // the tests of the shape connect it again, and tell
  }
}

/** Names of the properties that a JSON schema knows, at any depth and in any alternative. */
function namesIn(schema: unknown): { all: Set<string>; secret: Set<string> } {
  const all = new Set<string>();
  const secret = new Set<string>();
  const visit = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    for (const [name, value] of Object.entries(node)) {
      if (name === 'properties' && typeof value === 'object' && value !== null) {
        for (const [property, inner] of Object.entries(value)) {
          all.add(property);
          if (typeof inner === 'object' && inner !== null && 'secret' in inner && inner.secret === true) {
            secret.add(property);
          }
        }
      }
      visit(value);
    }
  };
  visit(schema);
  return { all, secret };
}
