import type { ErrorDetail, Kind } from '@fleetgate/model';
import { facetOf, type WriteOperation, type WriteRule } from '@fleetgate/provider-spec';
import { ApiError } from '../answers/api-error.ts';
import { unsupported } from '../answers/upstream-errors.ts';
import type { Connection } from '../connections/connection.ts';
import { invalid } from '../http/validation.ts';

export function canDo(connection: Connection, kind: Kind, action: WriteOperation): boolean {
  const facet = connection.provider[facetOf[kind]] as Record<string, unknown> | undefined;
  return facet?.[action] !== undefined;
}

/** What the connection's provider takes for that operation; `unsupported_by_provider`, naming `others` that could, where it has none. */
export function ruleOf(
  connection: Connection,
  kind: Kind,
  action: WriteOperation,
  others: readonly Connection[],
): WriteRule {
  const rule = connection.definition.writes?.[facetOf[kind]]?.[action];
  if (rule && canDo(connection, kind, action)) return rule;
  const able = others.filter((one) => canDo(one, kind, action)).map(({ slug }) => slug);
  throw unsupported(connection, `${facetOf[kind]}.${action}`, able);
}

/**
 * The input as the provider takes it. Every field that it has no place for is named, every one that it needs and that is
 * missing, and whatever its own schema says of `spec`: nothing is dropped in silence.
 */
export function checkedFor(
  connection: Connection,
  rule: WriteRule,
  value: Readonly<Record<string, unknown>>,
  prefix = '',
): Record<string, unknown> {
  const { title } = connection.definition;
  const details: ErrorDetail[] = [];
  const say = (field: string, message: string) => details.push({ field: `${prefix}${field}`, message });
  for (const [field, given] of Object.entries(value)) {
    if (given === undefined || field === 'spec' || rule.fields.includes(field)) continue;
    say(field, `is not possible: ${title} has no place for it`);
  }
  for (const field of rule.required ?? []) {
    if (value[field] === undefined) say(field, `is needed by ${title}`);
  }
  const { spec, ...rest } = value;
  if (!rule.spec) {
    if (spec !== undefined) say('spec', `is not possible: ${title} takes none here`);
    if (details.length > 0) throw refused(details);
    return rest;
  }
  if (spec === undefined) {
    if (details.length > 0) throw refused(details);
    return rest;
  }
  const parsed = rule.spec.safeParse(spec);
  if (!parsed.success) {
    const issues = parsed.error.issues.map((issue) => ({ ...issue, path: ['spec', ...issue.path] }));
    for (const { field, message } of invalid(issues).facts.details ?? []) say(field, message);
  }
  if (details.length > 0) throw refused(details);
  return { ...rest, spec: parsed.data };
}

function refused(details: readonly ErrorDetail[]): ApiError {
  const fields = [...new Set(details.map(({ field }) => field))];
  return new ApiError('validation_error', `not valid: ${fields.join(', ')}`, { details });
}
