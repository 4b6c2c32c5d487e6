import { IncomingMessage } from 'node:http';
import { ApiError } from '../answers/api-error.ts';

/** The members of a JSON body as the form that the standard asks for: texts, numbers, yes or no, or lists of these. */
export function formOfJson(text: string): string {
  const form = new URLSearchParams();
  for (const [name, value] of Object.entries(membersOf(text))) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one === null || one === undefined) continue;
      if (typeof one === 'object') throw new ApiError('bad_request', `${name.slice(0, 100)} must be a text`);
      form.append(name, String(one));
    }
  }
  return form.toString();
}

function membersOf(text: string): object {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch (error) {
    throw new ApiError('bad_request', 'the body is not valid JSON', { cause: error });
  }
  if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body;
  throw new ApiError('bad_request', 'the body must be a JSON object');
}

/** The request with another body, which is a form: the one that came was read already. */
export function withForm(request: IncomingMessage, form: string): IncomingMessage {
  const other = new IncomingMessage(request.socket);
  const { method, url, httpVersion, httpVersionMajor, httpVersionMinor } = request;
  Object.assign(other, { method, url, httpVersion, httpVersionMajor, httpVersionMinor });
  const { 'transfer-encoding': _, ...headers } = request.headers;
  other.headers = {
    ...headers,
    'content-type': 'application/x-www-form-urlencoded',
    'content-length': String(Buffer.byteLength(form)),
  };
  other.complete = true; // else its end would be taken for one of the connection
  other.push(form);
  other.push(null);
  return other;
}
