import type { IncomingMessage } from 'node:http';
import { Transform } from 'node:stream';
import { ApiError } from '../answers/api-error.ts';

/** bytes that are read before the call goes out, so that it can be sent again with a new session */
const mostRead = 64 * 1024;
/** bytes of a body that is passed on */
export const mostPassed = 2 ** 30;

export interface NativeBody {
  readonly body: Buffer | Transform | null;
  /** to be sent with a body that comes in pieces, where it is known */
  readonly length: string | undefined;
  /** what went wrong with the body itself while it was on its way */
  complaint(): ApiError | undefined;
}

const none: NativeBody = { body: null, length: undefined, complaint: () => undefined };

/** The body of a call that goes through: a small one whole, any other as it comes. Rejects with `payload_too_large`. */
export async function nativeBody(message: IncomingMessage): Promise<NativeBody> {
  const { 'content-length': length, 'transfer-encoding': encoding } = message.headers;
  if (encoding === undefined && (length === undefined || length === '0')) return none;
  if (Number(length) > mostPassed) throw tooLarge();
  if (encoding === undefined && Number(length) <= mostRead) {
    const chunks: Buffer[] = [];
    for await (const chunk of message) chunks.push(chunk as Buffer);
    return { ...none, body: Buffer.concat(chunks) };
  }
  let size = 0;
  let complaint: ApiError | undefined;
  // A stream of its own, too, because whoever sends it destroys it in the end: with the message goes the socket of the caller.
  const body = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      size += chunk.length;
      if (size > mostPassed) complaint = tooLarge();
      done(complaint ?? null, chunk);
    },
  });
  message.pipe(body);
  return { body, length, complaint: () => complaint };
}

function tooLarge(): ApiError {
  return new ApiError('payload_too_large', `the body is larger than ${mostPassed / 2 ** 20} MiB`);
}
