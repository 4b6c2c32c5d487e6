import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { errorTable } from '../src/error-words.ts';

it('docs/errors.md shows the codes as they are', () => {
  const page = readFileSync(join(__dirname, '../../../docs/errors.md'), 'utf8');
  const shown = /<!-- codes:[^>]*-->\n([\s\S]*?)\n<!-- \/codes -->/.exec(page)?.[1];
  expect(shown).toBe(errorTable());
});
