// npm run matrix: brings the tables of what the providers can do up to date; with --check it only says which are stale.
import { fileURLToPath } from 'node:url';
import { staleTables, updateTables } from './matrix/tables.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const check = process.argv.includes('--check');
const found = check ? staleTables(root) : updateTables(root);
for (const file of found) {
  console.log(
    check
      ? `${file}: the table of capabilities is stale; run: npm run matrix`
      : `${file} is brought up to date`,
  );
}
if (check && found.length > 0) process.exitCode = 1;
