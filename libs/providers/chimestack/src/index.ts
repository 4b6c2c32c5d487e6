export { chimestack } from './provider.ts';
export type { ChimestackSettings } from './settings.ts';
