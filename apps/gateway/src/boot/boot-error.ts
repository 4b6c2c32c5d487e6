/** A failure that whoever starts the gateway can put right. The message is one line that says what to do. */
export class BootError extends Error {
  override readonly name = 'BootError';
}
