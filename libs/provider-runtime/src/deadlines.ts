/**
 * A deadline belongs to a signal, not to a call: whoever goes on under a signal of its own (a shared token renewal) is
 * not bound by the deadline of the caller that happened to start it.
 */
const deadlines = new WeakMap<AbortSignal, number>();

/** When the signal will be aborted at the latest, in milliseconds since the epoch; undefined where nobody knows. */
export function deadlineOf(signal: AbortSignal): number | undefined {
  return deadlines.get(signal);
}

export function setDeadline(signal: AbortSignal, at: number): void {
  deadlines.set(signal, at);
}
