/** Deleting a cluster takes that long, ms. */
export const deletingFor = 3 * 60_000;
/** A cluster that is Deleting may be deleted by force after that long, ms (documented). */
export const forceAfter = 15 * 60_000;

interface Departure {
  /** ms */
  since: number;
  /** Never ends by itself: somebody must force it. */
  stuck: boolean;
}

/** The clusters that are being deleted, by uid, and since when. Nothing runs in between: they are gone when somebody looks. */
export class Departures {
  private readonly leaving = new Map<string, Departure>();

  /** One that is leaving already goes on as it does, unless it was stuck. */
  begin(uid: string, departure: Departure): void {
    if (this.leaving.get(uid)?.stuck ?? true) this.leaving.set(uid, departure);
  }

  sinceOf(uid: string): number | undefined {
    return this.leaving.get(uid)?.since;
  }

  end(uid: string): void {
    this.leaving.delete(uid);
  }

  /** Those that have ended, and when. */
  over(now: number): { uid: string; at: number }[] {
    return [...this.leaving].flatMap(([uid, { since, stuck }]) =>
      !stuck && since + deletingFor <= now ? [{ uid, at: since + deletingFor }] : [],
    );
  }
}
