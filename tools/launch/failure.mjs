/** Something that a person can mend: its message is one line that says how. `output` is what a tool said about it. */
export class Failure extends Error {
  constructor(message, output = '') {
    super(message);
    this.output = output;
  }
}

const signs = [
  [/ENOSPC|No space left/i, 'the disk is full: free 2 GB or more, then run npm start again'],
  [
    /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|network/i,
    'the npm registry cannot be reached: check the network (and npm config get registry), then run npm start again',
  ],
  [/EACCES|EPERM|EROFS/, 'this folder cannot be written: give this user write access to it'],
  [
    /ERR_PNPM_OUTDATED_LOCKFILE/,
    'pnpm-lock.yaml does not fit the package.json files: run npx pnpm@12.18.0 install',
  ],
];

/** @returns {Failure} for a tool that ended badly */
export function toolFailure(what, output, code) {
  const [, advice] = signs.find(([sign]) => sign.test(output)) ?? [];
  return new Failure(
    `${what} failed: ${advice ?? `it ended with ${code}; its last words are above`}`,
    output,
  );
}
