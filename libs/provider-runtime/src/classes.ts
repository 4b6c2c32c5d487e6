/** Calls that stand or fall together, and that stand in each other's way; `sync`: nobody waits for them. */
export const callClasses = ['read', 'write', 'sync', 'native'] as const;
export type CallClass = (typeof callClasses)[number];
