/** Values that are new in every run, told by their names or their looks; what stands for each in a comparison. */
const passing: readonly [RegExp, string][] = [
  [/^\d{4}-\d\d-\d\dT[\d:.]+Z$/, '<instant>'],
  [/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/, '<uuid>'],
  [/^(team|user|key|client|op|evt|audit|req|hook|dlv|delivery)_[\w-]+$/, '<id>'],
  [/^(proj|deploy|rel|cluster|grp)_[\w-]+$/, '<resource>'],
  [/^https?:\/\/127\.0\.0\.1:\d+/, '<address>'],
];
/** Members that hold a secret, a position in something that grows, or an amount of use. */
const passingNames =
  /^(token|key|secret|next_cursor|sequence|prefix|last_four|(x-ratelimit-)?(remaining|reset)|\w*_seconds|kid|reset_at|used|\w*_?ms|trace_id|bytes|body|date|calls|failed|success_rate|webhook-timestamp|webhook-signature)$/;

/** The same with everything that passes taken out: what two runs have in common. */
export function lasting(value: unknown, name = ''): unknown {
  if (Array.isArray(value)) return value.map((one) => lasting(one));
  // How syncs and calls of a connection are doing: one that was just made may be in the middle of its first.
  if ((name === 'health' || name === 'kinds') && value !== null) return `<${name}>`;
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, lasting(one, key)]));
  }
  if (value !== null && passingNames.test(name)) return `<${typeof value}>`;
  if (typeof value !== 'string') return value;
  return passing.find(([looks]) => looks.test(value))?.[1] ?? value;
}

const secretNames = new Set(['token', 'key', 'secret']);

/** As it may be shown: lists are cut to their first item, and what was secret is cut off after its beginning. */
export function shown(answer: unknown): unknown {
  const { data } = (answer ?? {}) as { data?: unknown };
  return Array.isArray(data)
    ? { ...(veiled(answer) as object), data: veiled(data.slice(0, 1)) }
    : veiled(answer);
}

function veiled(value: unknown, name = ''): unknown {
  if (Array.isArray(value)) return value.map((one) => veiled(one));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, veiled(one, key)]));
  }
  if (typeof value !== 'string') return value;
  return secretNames.has(name) ? value.replace(/^(fg_[a-z]+_)?.*$/s, '$1…') : value;
}
