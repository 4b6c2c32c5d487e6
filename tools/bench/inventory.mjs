import { Freshness } from '../../apps/gateway/dist/inventory/freshness.js';
import { Inventory } from '../../apps/gateway/dist/inventory/inventory.js';
import { Revisions } from '../../apps/gateway/dist/inventory/revisions.js';
import { Sources } from '../../apps/gateway/dist/inventory/sources.js';
import { Totals } from '../../apps/gateway/dist/inventory/totals.js';

/** The gateway's own reading code on a database, without a gateway around it. No total is remembered: each is read anew. */
export function inventoryOn(database) {
  const timing = { clock: { now: Date.now } };
  const revisions = new Revisions(); // never trusted
  const sources = new Sources({ all: () => [], find: () => undefined }, database, timing);
  const totals = new Totals(database, revisions);
  return new Inventory(database, totals, sources, revisions, new Freshness(database, sources, timing));
}
