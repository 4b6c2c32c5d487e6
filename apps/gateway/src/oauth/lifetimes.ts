/** How long each thing lives that the OAuth server hands out, in seconds. */
export const accessTokenSeconds = 3600;
export const idTokenSeconds = 3600;
export const codeSeconds = 60;
/** From the consent on; rotation does not make it longer. */
export const refreshTokenSeconds = 30 * 86_400;
/** A browser stays signed in this long after the password was given, however busy it is. */
export const signedInSeconds = 8 * 3600;
/** What somebody who has not signed in may take for it. */
export const loginSeconds = 600;
