import { isRecord } from '../core/population.ts';
import type { PaletteErrors } from './errors.ts';
import type { GivenMetadata } from './orders.ts';

type Body = Record<string, unknown>;

/** Reads the bodies of writes; what is wrong with one is a 400 that names the field. */
export class Bodies {
  private readonly errors: PaletteErrors;

  constructor(errors: PaletteErrors) {
    this.errors = errors;
  }

  /** The body itself, which must be an object. */
  object(body: unknown): Body {
    if (!isRecord(body)) throw this.errors.fail(400, undefined, 'body is required');
    return body;
  }

  record(body: Body, path: string): Body {
    const value = read(body, path);
    if (!isRecord(value)) throw this.errors.invalid({ [path]: 'is required' });
    return value;
  }

  text(body: Body, path: string): string {
    const value = read(body, path);
    if (typeof value !== 'string' || value.trim() === '') {
      throw this.errors.invalid({ [path]: 'is required' });
    }
    return value;
  }

  /** name, labels and annotations under `metadata`; `known` stands in for labels and annotations that are not there. */
  metadata(body: Body, known: Omit<GivenMetadata, 'name'> = { labels: {}, annotations: {} }): GivenMetadata {
    return {
      name: this.text(body, 'metadata.name'),
      labels: this.texts(body, 'metadata.labels') ?? known.labels,
      annotations: this.texts(body, 'metadata.annotations') ?? known.annotations,
    };
  }

  /** A list of objects, each read by `item`; undefined when it is not there. */
  list<T>(body: Body, path: string, item: (entry: Body, path: string) => T): T[] | undefined {
    const value = read(body, path);
    if (value === undefined || value === null) return undefined;
    if (!Array.isArray(value) || !value.every(isRecord)) {
      throw this.errors.invalid({ [path]: 'must be a list of objects' });
    }
    return value.map((entry) => item(entry, path));
  }

  private texts(body: Body, path: string): Record<string, string> | undefined {
    const value = read(body, path);
    if (value === undefined || value === null) return undefined;
    const entries = isRecord(value) ? Object.entries(value) : [['', undefined]];
    const texts = entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string');
    if (texts.length < entries.length) throw this.errors.invalid({ [path]: 'must be texts by name' });
    return Object.fromEntries(texts);
  }
}

function read(body: Body, path: string): unknown {
  return path.split('.').reduce<unknown>((value, name) => (isRecord(value) ? value[name] : undefined), body);
}
