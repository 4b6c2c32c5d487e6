// What is checked: a provider of this house, with what its own tests say of it.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Refusal } from '../provider/refusal.mjs';

/** @returns the conformance options, and the quirks that its README names */
export async function subjectOf(root, name) {
  const folder = join(root, 'libs/providers', name ?? '');
  if (!name || !existsSync(join(folder, 'package.json'))) {
    const known = readdirSync(join(root, 'libs/providers')).filter((each) => !each.includes('.'));
    throw new Refusal([
      `${name ? `there is no provider "${name}"` : 'name a provider'}; there are ${known.join(', ')}`,
    ]);
  }
  const { options } = await import(join(folder, 'test/options.ts'));
  return { options, quirks: quirksOf(readFileSync(join(folder, 'README.md'), 'utf8')) };
}

/** The points below `## Quirks…`, each in one line, as they are written. */
export function quirksOf(readme) {
  const section = /^## Quirks\b.*\n([\s\S]*?)(?=^## |(?![\s\S]))/m.exec(readme)?.[1] ?? '';
  return section
    .split(/^- /m)
    .slice(1)
    .map((point) => point.split(/\n\n/)[0].replace(/\s+/g, ' ').trim());
}
