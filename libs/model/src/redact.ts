const secretName =
  /pass(word|wd|phrase)?$|secret|token|api[-_]?key|private[-_]?key|access[-_]?key|credential|kubeconfig|authorization|cookie/i;
/** `password: hunter2` inside a text, as in a YAML manifest that an upstream keeps as one string. */
const secretLine =
  /^([ \t-]*["']?[\w.-]*(?:passw(?:or)?d|passphrase|secret|token|api[-_]?key|private[-_]?key|access[-_]?key|credential|kubeconfig)[\w.-]*["']?[ \t]*[:=][ \t]*)(?:[|>][^\n]*(?:\n(?:[ \t]{2,}[^\n]*|[ \t]*$))*|[^\n]+)/gim;

const redacted = '[redacted]';

/** A copy with every value under a name that speaks of a secret replaced, at any depth, also inside texts of several lines. */
export function redact<T>(value: T): T {
  return clean(value) as T;
}

function clean(value: unknown): unknown {
  if (typeof value === 'string')
    return value.includes('\n') ? value.replace(secretLine, `$1${redacted}`) : value;
  if (Array.isArray(value)) return value.map(clean);
  if (value !== null && typeof value === 'object') {
    return Object.fromEntries(
      Object.entries(value).map(([name, inner]) => [
        name,
        secretName.test(name) && isFilled(inner) ? redacted : clean(inner),
      ]),
    );
  }
  return value;
}

/** An unset secret is shown as it is, and so is a yes or no about one (`hasKubeConfig: true`). */
function isFilled(value: unknown): boolean {
  return value !== null && value !== undefined && value !== '' && typeof value !== 'boolean';
}
