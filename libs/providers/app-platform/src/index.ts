export { appPlatform } from './provider.ts';
