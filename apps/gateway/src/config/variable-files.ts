import { readFileSync } from 'node:fs';

type Environment = Readonly<Record<string, string | undefined>>;

const ending = '_FILE';

/** Whether that names the file of one of those variables. */
export function isFileVariable(name: string, isKnown: (name: string) => boolean): boolean {
  return name.endsWith(ending) && isKnown(name.slice(0, -ending.length));
}

/**
 * Container platforms hand out secrets as files: FLEETGATE_SECRET_KEY_FILE says where the value of FLEETGATE_SECRET_KEY is. Every
 * variable can be given that way; an empty one counts as absent, as it does without a file.
 */
export function withFiles(
  env: Environment,
  names: readonly string[],
): { env: Environment; problems: string[] } {
  const problems: string[] = [];
  const values: Record<string, string> = {};
  for (const name of names) {
    const path = env[name + ending]?.trim();
    if (!path) continue;
    if (env[name]?.trim())
      problems.push(`${name + ending} is given together with ${name}: one of them is enough`);
    try {
      values[name] = readFileSync(path, 'utf8');
    } catch (error) {
      problems.push(`${name + ending} cannot be read (${(error as NodeJS.ErrnoException).code}): ${path}`);
      values[name] = env[name] ?? ''; // told above, with all that is wrong beside it
    }
  }
  return { env: { ...env, ...values }, problems };
}
