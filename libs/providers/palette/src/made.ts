import { Fault } from '@fleetgate/model';
import { instant } from '@fleetgate/provider-kit';
import { z } from 'zod';
import { stampOf } from './metadata.ts';
import { metadata, type Whole } from './wire.ts';

/** How all creations are answered. */
export const Made = z.object({ uid: z.string().min(1) });

/** stands for the uid of what a dry run does not make */
export const assumedUid = 'uid-of-what-is-made';

/** How far the upstream's clock may be behind ours, in milliseconds. */
const clockSkew = 5 * 60_000;

/** The one among objects of the same name that the write of that stamp has made: its uid, or undefined where none is. */
export function madeAmong(
  namesakes: readonly Whole[],
  { stamp, begunAt }: { stamp: string; begunAt: number },
): string | undefined {
  for (const namesake of namesakes) {
    const told = metadata.parse(namesake.metadata);
    if (stampOf(told) === stamp) return told.uid;
    // That Palette keeps annotations is documented nowhere. Where it showed none, this one could be ours.
    const created = instant(told.creationTimestamp);
    const isBare = Object.keys(told.annotations ?? {}).length === 0;
    if (isBare && created !== null && Date.parse(created) >= begunAt - clockSkew) {
      throw new Fault(
        'outcome_unknown',
        'the upstream has a new object of that name, and does not tell who made it',
      );
    }
  }
  return undefined;
}
