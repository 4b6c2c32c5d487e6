// node tools/kit/typescript.mjs FILE …: runs FILE with the libraries as they are written, not as they were last built.
import { spawnSync } from 'node:child_process';

const flags = [
  '--experimental-transform-types',
  '--conditions=@fleetgate/source',
  '--disable-warning=ExperimentalWarning',
];
const { status, signal } = spawnSync(process.execPath, [...flags, ...process.argv.slice(2)], {
  stdio: 'inherit',
});
process.exitCode = signal === null ? (status ?? 1) : 1;
