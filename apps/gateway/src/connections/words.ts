import type { z } from 'zod';

type Complaint = z.core.$ZodRawIssue;

/**
 * What is wrong with a setting, to be read after its name: "apiKey is missing". Handed to zod as its map of messages, so that
 * what a schema says in words of its own stands. No value is repeated: it may be a secret.
 */
export function wordsFor(complaint: Complaint): string {
  const { code, input } = complaint;
  const ofAnotherKind = code === 'invalid_type' || code === 'invalid_value' || code === 'invalid_union';
  if (ofAnotherKind && input === undefined) return 'is missing';
  if (ofAnotherKind && input === null) return 'has no value';
  switch (code) {
    case 'invalid_type':
      return wordsForType(complaint.expected, input);
    case 'invalid_value': {
      const values = complaint.values.map(String);
      return values.length === 1 ? `must be ${values[0]}` : `must be one of ${values.join(', ')}`;
    }
    case 'too_small':
      return wordsForBound(complaint.origin, 'at least', 'more than', complaint.minimum, complaint.inclusive);
    case 'too_big':
      return wordsForBound(complaint.origin, 'at most', 'less than', complaint.maximum, complaint.inclusive);
    case 'not_multiple_of':
      return `must be a multiple of ${complaint.divisor}`;
    case 'invalid_format':
      return 'does not have the right form';
    default:
      return 'is not valid';
  }
}

const typeWords: Readonly<Record<string, string>> = {
  string: 'must be text',
  number: 'must be a number',
  int: 'must be a whole number',
  boolean: 'must be true or false',
  array: 'must be a list',
  object: 'must hold settings of its own (name: value)',
  record: 'must hold settings of its own (name: value)',
};

function wordsForType(expected: string, input: unknown): string {
  const words = typeWords[expected] ?? `must be of the type ${expected}`;
  const plain = expected === 'string' && (typeof input === 'number' || typeof input === 'boolean');
  return plain ? `${words}: put it in quotes` : words;
}

function wordsForBound(
  origin: string,
  including: string,
  excluding: string,
  bound: number | bigint,
  inclusive = true,
): string {
  const much = `${inclusive ? including : excluding} ${bound}`;
  if (origin === 'string') {
    return including === 'at least' && Number(bound) === 1
      ? 'must not be empty'
      : `must have ${much} characters`;
  }
  if (origin === 'array' || origin === 'set' || origin === 'map') return `must hold ${much}`;
  return `must be ${much}`;
}
