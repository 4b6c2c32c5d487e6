import { Fault } from '@fleetgate/model';
import type { Call, ListInput, Page } from '@fleetgate/provider-spec';
import { type Whole, Zone } from './wire.ts';

/** `state` of whatever is deleted but still shown */
export const deleted = 4;

type ListZones = (input: ListInput, call: Call) => Promise<Page<Whole>>;

/** Availability zones, without those that are deleted but still shown. */
export function presentZones(list: ListZones): ListZones {
  return async (input, call) => {
    const page = await list(input, call);
    return { ...page, items: page.items.filter((zone) => Zone.parse(zone).state !== deleted) };
  };
}

/** The uuid of the zone that is called so; a caller may also give the uuid itself. Names of zones are unique. */
export async function zoneAt(location: string, list: ListZones, call: Call): Promise<string> {
  let named: string | undefined;
  let cursor: string | undefined;
  do {
    const page = await list(cursor === undefined ? {} : { cursor }, call);
    for (const zone of page.items) {
      if (zone.uuid === location) return zone.uuid;
      if (Zone.parse(zone).name === location) named ??= zone.uuid;
    }
    cursor = page.next;
  } while (cursor !== undefined);
  if (named !== undefined) return named;
  throw new Fault('invalid', 'the upstream has no availability zone of that name', { field: 'location' });
}
