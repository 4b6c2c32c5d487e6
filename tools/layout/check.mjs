// node tools/layout/check.mjs: every provider library has the same files, and no folder has a name that says nothing.
import { fileURLToPath } from 'node:url';
import { layoutProblems } from './rules.mjs';

const problems = layoutProblems(fileURLToPath(new URL('../..', import.meta.url)));
for (const problem of problems) console.error(`layout: ${problem}`);
if (problems.length > 0) process.exitCode = 1;
else console.log('layout: in order');
