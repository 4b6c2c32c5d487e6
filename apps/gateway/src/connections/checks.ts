import type { z } from 'zod';
import { check } from './complaints.ts';
import type { Path, YamlSource } from './yaml-source.ts';

/**
 * The parsed value, or undefined when something was wrong with it, which is then told at the place where it stands. `label`
 * comes before the name of the setting; no value is repeated: it may be a secret.
 */
export function checked<T>(
  source: YamlSource,
  schema: z.ZodType<T>,
  value: unknown,
  base: Path,
  label: string,
): T | undefined {
  const { value: known, complaints = [] } = check(schema, value);
  for (const { path, aboutName, field, message } of complaints) {
    const text = `${label}${field} ${message}`;
    if (aboutName) source.refuseName([...base, ...path], text);
    else source.refuse([...base, ...path], text);
  }
  return known;
}
