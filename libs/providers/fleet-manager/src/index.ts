export { fleetManager } from './provider.ts';
