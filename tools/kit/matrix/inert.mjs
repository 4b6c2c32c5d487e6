const nothing = () => Promise.reject(new Error('connecting must do no I/O'));

/** A host for a provider that is only looked at. */
export const inert = {
  send: nothing,
  clock: { now: () => 0, sleep: nothing },
  random: () => 0,
  tokens: { read: nothing, write: nothing, exclusive: nothing },
};
