import { z } from 'zod';
import { distance, nearest } from '../config/nearest.ts';
import { wordsFor } from './words.ts';
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
  const parsed = schema.safeParse(value, { error: wordsFor });
  if (parsed.success) return parsed.data;
  for (const issue of parsed.error.issues.flatMap(innermost)) {
    const inner = issue.path.map((part) => (typeof part === 'number' ? part : String(part)));
    const path = [...base, ...inner];
    const name = inner.join('.');
    if (issue.code === 'unrecognized_keys') {
      for (const key of issue.keys) {
        source.refuseName([...path, key], `${label}${unknownName(schema, inner, key)}`);
      }
    } else source.refuse(path, `${label}${name} ${issue.message}`);
  }
  return undefined;
}

/** Names that are far from every known one are shown only if they look like a name: a slip can make a name of a secret. */
function unknownName(schema: z.ZodType, path: readonly (string | number)[], key: string): string {
  const known = namesOf(schema, path);
  const meant = known.length > 0 ? nearest(key, known) : undefined;
  const prefix = path.map((part) => `${part}.`).join('');
  const near = meant !== undefined && distance(key, meant) <= Math.max(2, meant.length / 3);
  if (near) return `${prefix}${key} is not known: did you mean ${meant}?`;
  const shown = /^[A-Za-z][A-Za-z_-]{0,31}$/.test(key) ? `${prefix}${key}` : `${prefix}…`;
  return `${shown} is not known${known.length > 0 ? `: known are ${known.join(', ')}` : ''}`;
}

interface JsonSchema {
  properties?: Record<string, JsonSchema>;
}

function namesOf(schema: z.ZodType, path: readonly (string | number)[]): string[] {
  let at: JsonSchema | undefined = z.toJSONSchema(schema, {
    io: 'input',
    unrepresentable: 'any',
  }) as JsonSchema;
  for (const part of path) at = at?.properties?.[part];
  return Object.keys(at?.properties ?? {});
}

/** Of a union, the alternative that came nearest: one for values of this kind, and the one with the fewest complaints. */
function innermost(issue: z.core.$ZodIssue): z.core.$ZodIssue[] {
  if (issue.code !== 'invalid_union') return [issue];
  const ofAnotherKind = (issues: readonly z.core.$ZodIssue[]) =>
    issues.every(({ code, path }) => code === 'invalid_type' && path.length === 0);
  const near = issue.errors.filter((issues) => !ofAnotherKind(issues));
  const [best] = near.sort((a, b) => a.length - b.length);
  if (best === undefined) return [issue];
  return best.flatMap((inner) => innermost({ ...inner, path: [...issue.path, ...inner.path] }));
}
