import { isRecord } from '../core/population.ts';
import type { PaletteCluster } from './clusters.ts';
import type { PaletteErrors } from './errors.ts';

/** What all clusters of a list have in common, so that a filter can be answered without looking at one. */
export interface Common {
  isDeleted: boolean;
  nested: boolean;
}

/** true, false, or null: it depends on the single cluster. */
type Verdict = boolean | null;

export interface ClusterFilter {
  /** For a whole list. */
  ofAll(common: Common): Verdict;
  /** For one cluster. */
  of(cluster: PaletteCluster, isDeleted: boolean): boolean;
}

type Test = (subject: Common & { cluster: PaletteCluster | null }) => Verdict;

function all(verdicts: Verdict[]): Verdict {
  return verdicts.includes(false) ? false : verdicts.includes(null) ? null : true;
}

function any(verdicts: Verdict[]): Verdict {
  return verdicts.includes(true) ? true : verdicts.includes(null) ? null : false;
}

function not(verdict: Verdict): Verdict {
  return verdict === null ? null : !verdict;
}

/** The `filter` of a search: groups of conditions, each level joined by `and` (default) or `or`. Bad ones are a 400. */
export function parseFilter(filter: unknown, errors: PaletteErrors): ClusterFilter {
  const test = filter === undefined || filter === null ? () => true : parseGroup(filter, errors);
  return {
    ofAll: (common) => test({ ...common, cluster: null }),
    of: (cluster, isDeleted) =>
      test({ isDeleted, nested: cluster.spec.cloudType === 'nested', cluster }) === true,
  };
}

function parseGroup(value: unknown, errors: PaletteErrors): Test {
  if (!isRecord(value)) throw errors.fail(400, undefined, 'filter must be an object');
  const join = value['conjunction'] === 'or' ? any : all;
  const members = value['filterGroups'] ?? value['filters'] ?? [];
  if (!Array.isArray(members)) throw errors.fail(400, undefined, 'filters must be an array');
  const parse = value['filterGroups'] === undefined ? parseCondition : parseGroup;
  const tests = members.map((member) => parse(member, errors));
  return (subject) => (tests.length === 0 ? true : join(tests.map((test) => test(subject))));
}

const texts: Readonly<Record<string, (cluster: PaletteCluster) => string>> = {
  clusterName: (cluster) => cluster.metadata.name,
  clusterState: (cluster) => cluster.status.state,
  healthState: (cluster) => String(cluster.status.health?.['state'] ?? ''),
  environment: (cluster) => cluster.spec.cloudType,
};

function parseCondition(value: unknown, errors: PaletteErrors): Test {
  if (!isRecord(value) || !isRecord(value['condition'])) {
    throw errors.fail(400, undefined, 'a filter must have property, type and condition');
  }
  const property = String(value['property']);
  const condition = value['condition'];
  if (property === 'isDeleted' && isRecord(condition['bool'])) {
    const wanted = condition['bool']['value'] === true;
    return (subject) => subject.isDeleted === wanted;
  }
  const read = texts[property];
  if (read === undefined || !isRecord(condition['string'])) {
    throw errors.fail(400, undefined, `filter on property '${property}' is not supported`);
  }
  return textTest(property, read, condition['string'], errors);
}

function textTest(
  property: string,
  read: (cluster: PaletteCluster) => string,
  condition: Record<string, unknown>,
  errors: PaletteErrors,
): Test {
  const { operator, negation, ignoreCase } = condition;
  const match = isRecord(condition['match']) ? condition['match'] : {};
  if (!Array.isArray(match['values'])) throw errors.fail(400, undefined, 'match.values must be an array');
  const fold = (text: string): string => (ignoreCase === true ? text.toLowerCase() : text);
  const values = match['values'].map((entry) => fold(String(entry)));
  const join = match['conjunction'] === 'and' ? all : any;
  const holds = comparisons[String(operator)];
  if (holds === undefined) throw errors.fail(400, undefined, `operator '${String(operator)}' is not known`);
  const negative = (negation === true) !== (operator === 'neq');
  return ({ cluster, nested }) => {
    const verdicts = values.map((wanted) => {
      if (cluster !== null) return holds(fold(read(cluster)), wanted);
      if (property !== 'environment' || holds !== equal) return null;
      return nested ? wanted === 'nested' : wanted === 'nested' ? false : null;
    });
    return negative ? not(join(verdicts)) : join(verdicts);
  };
}

const equal = (text: string, wanted: string): boolean => text === wanted;

const comparisons: Readonly<Record<string, (text: string, wanted: string) => boolean>> = {
  eq: equal,
  neq: equal,
  contains: (text, wanted) => text.includes(wanted),
  beginsWith: (text, wanted) => text.startsWith(wanted),
};

export const clusterSorts: SortFields<PaletteCluster> = {
  ...texts,
  creationTimestamp: (cluster) => cluster.metadata.creationTimestamp,
  lastModifiedTimestamp: (cluster) => cluster.metadata.lastModifiedTimestamp,
};

export type SortFields<T> = Readonly<Record<string, (object: T) => string>>;

/** The `sort` of a body: [{field, order: asc|desc}]; undefined when there is none. An unknown field is a 400. */
export function parseSort<T>(
  sort: unknown,
  fields: SortFields<T>,
  errors: PaletteErrors,
): ((left: T, right: T) => number) | undefined {
  if (!Array.isArray(sort) || sort.length === 0) return undefined;
  const steps = sort.map((entry) => {
    const field = isRecord(entry) ? String(entry['field']) : '';
    const read = fields[field];
    if (read === undefined) throw errors.fail(400, undefined, `sort on field '${field}' is not supported`);
    return { read, sign: isRecord(entry) && entry['order'] === 'desc' ? -1 : 1 };
  });
  return (left, right) => {
    for (const { read, sign } of steps) {
      const a = read(left);
      const b = read(right);
      if (a !== b) return a < b ? -sign : sign;
    }
    return 0;
  };
}

/** A name filter as the dashboards take it: {eq, ne, contains, beginsWith, ignoreCase (default true)}. */
export function parseNameFilter(value: unknown): ((name: string) => boolean) | undefined {
  if (!isRecord(value)) return undefined;
  const fold = (text: string): string => (value['ignoreCase'] === false ? text : text.toLowerCase());
  const { eq, ne, contains, beginsWith } = value;
  return (original) => {
    const name = fold(original);
    return (
      (typeof eq !== 'string' || name === fold(eq)) &&
      (typeof ne !== 'string' || name !== fold(ne)) &&
      (typeof contains !== 'string' || name.includes(fold(contains))) &&
      (typeof beginsWith !== 'string' || name.startsWith(fold(beginsWith)))
    );
  };
}
