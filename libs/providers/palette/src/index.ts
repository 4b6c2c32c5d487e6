export { palette } from './provider.ts';
export type { PaletteSettings } from './settings.ts';
