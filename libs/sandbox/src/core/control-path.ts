export const controlPath = '/_sandbox';

/** True for the paths that steer the sandbox and belong to no upstream. */
export function isControlPath(path: string): boolean {
  return path === controlPath || path.startsWith(`${controlPath}/`);
}
