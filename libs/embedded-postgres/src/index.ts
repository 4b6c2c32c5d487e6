export { prepareBinaries } from './binaries.ts';
export {
  type EmbeddedPostgres,
  type EmbeddedPostgresOptions,
  findEmbeddedPostgres,
  startEmbeddedPostgres,
} from './embedded-postgres.ts';
export { EmbeddedPostgresError, type EmbeddedPostgresErrorCode } from './error.ts';
export type { ServerSettings } from './settings.ts';
