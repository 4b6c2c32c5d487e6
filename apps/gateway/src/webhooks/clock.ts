/** The injection token of the `Clock` that deliveries go by. */
export const CLOCK = Symbol('clock');
