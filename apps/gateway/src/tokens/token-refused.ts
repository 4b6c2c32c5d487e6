/** How far the clocks of an issuer and ours may be apart. */
export const clockSkewSeconds = 60;

/** A token is not good. The message is for the log: whoever presents it is not told what was wrong. */
export class TokenRefused extends Error {
  override readonly name = 'TokenRefused';
}
