import { z } from 'zod';
import { distance, nearest } from '../config/nearest.ts';
import { wordsFor } from './words.ts';

export interface Complaint {
  /** where the value stands, or the name that should not be there */
  readonly path: readonly (string | number)[];
  readonly aboutName: boolean;
  /** the path as it may be shown */
  readonly field: string;
  /** to be read after it */
  readonly message: string;
}

export type Checked<T> =
  | { readonly value: T; readonly complaints?: undefined }
  | { readonly value?: undefined; readonly complaints: readonly Complaint[] };

/** The parsed value, or everything that is wrong with it. No value is repeated: it may be a secret. */
export function check<T>(schema: z.ZodType<T>, value: unknown): Checked<T> {
  const parsed = schema.safeParse(value, { error: wordsFor });
  if (parsed.success) return { value: parsed.data };
  const complaints = parsed.error.issues.flatMap(innermost).flatMap((issue): Complaint[] => {
    const path = issue.path.map((part) => (typeof part === 'number' ? part : String(part)));
    if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownName(schema, path, key));
    return [{ path, aboutName: false, field: path.join('.'), message: issue.message }];
  });
  return { complaints };
}

/** Names that are far from every known one are shown only if they look like a name: a slip can make a name of a secret. */
function unknownName(schema: z.ZodType, outer: readonly (string | number)[], key: string): Complaint {
  const known = namesOf(schema, outer);
  const meant = known.length > 0 ? nearest(key, known) : undefined;
  const near = meant !== undefined && distance(key, meant) <= Math.max(2, meant.length / 3);
  const shown = near || /^[A-Za-z][A-Za-z_-]{0,31}$/.test(key) ? key : '…';
  const hint = near ? `: did you mean ${meant}?` : known.length > 0 ? `: known are ${known.join(', ')}` : '';
  return {
    path: [...outer, key],
    aboutName: true,
    field: [...outer, shown].join('.'),
    message: `is not known${hint}`,
  };
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
