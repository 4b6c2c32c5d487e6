export { type FacetName, type FacetOf, facetOf, readOperations } from './facets.ts';
export type {
  Clock,
  Host,
  IncomingResponse,
  OutgoingRequest,
  Send,
  StoredToken,
  TokenStore,
} from './host.ts';
export type {
  Account,
  Call,
  Facet,
  GetInput,
  Limits,
  ListInput,
  Operation,
  Page,
  Provider,
  ProviderDefinition,
} from './provider.ts';
