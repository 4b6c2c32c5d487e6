import { PerformanceObserver } from 'node:perf_hooks';
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';

/** Bytes of the young part of the heap, both of its halves together. */
const youngAtMost = 16 * 2 ** 20;

/**
 * Keeps the heap close to what is in use. Pages of a sync live for a moment; left to itself V8 lets the garbage of a first sync
 * of 100,000 objects pile up to 250 MB before it looks. With these it stays near 120, for some more frequent and shorter looks.
 * Has to be loaded before the heap has grown, and so before everything else.
 *
 * The young part is stopped from growing where it is large enough, since V8 reads the bound on it (`--max-semi-space-size`) before
 * anything of ours runs. Under load it would take 130 MB, none of which a processor has at hand when its turn comes; and the
 * bytes of answers that go through, which it counts, would have it look through the whole heap several times a second.
 */
setFlagsFromString('--heap-growing-percent=50');
setFlagsFromString('--semi-space-growth-factor=1'); // what is loaded at a start would have it grow beyond the bound at once
let grows = false;
new PerformanceObserver(() => {
  const young = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space');
  const mayGrow = (young?.space_size ?? 0) < youngAtMost; // in quiet times V8 makes it smaller
  if (mayGrow === grows) return;
  grows = mayGrow;
  setFlagsFromString(`--semi-space-growth-factor=${mayGrow ? 2 : 1}`);
}).observe({ type: 'gc' });
