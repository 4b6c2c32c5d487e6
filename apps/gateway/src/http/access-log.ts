import { LRUCache } from 'lru-cache';
import { type Logger, pino } from 'pino';

export interface Answered {
  id: string;
  /** what was asked for and what came of it, as `answeredText` puts it */
  answered: string;
  /** `performance.now()` when the request came in */
  started: number;
  /** null: nobody that we know */
  principal: string | null;
  /** milliseconds since the epoch */
  now: number;
}

/** The same of any answer, as it is known when it is over. */
export interface Ended extends Omit<Answered, 'answered'> {
  readonly method: string;
  /** with the query */
  readonly url: string;
  readonly status: number;
  /** undefined: it has no trace */
  readonly traceId: string | undefined;
}

/** Says it in the quick way, or, where it was a refusal, in the logger's own, which takes secrets out: that may hold anything. */
export function sayEnded(access: AccessLog, logger: Logger, ended: Ended): void {
  const { id, method, url, status, started, principal, traceId } = ended;
  const cut = url.indexOf('?');
  const path = cut < 0 ? url : url.slice(0, cut);
  if (status < 400) {
    const traced = traceId === undefined ? '' : `","traceId":"${traceId}`;
    const answered = `${traced}${answeredText(method, path, status)}`;
    access.say({ id, answered, started, principal, now: ended.now });
  } else {
    const ms = Math.round((performance.now() - started) * 100) / 100;
    logger.info({ requestId: id, traceId, method, path, status, ms, principal }, 'request');
  }
}

/** Method, path (without the query) and status as they stand in a line; made once for what is answered again and again. */
export const answeredText = (method: string, path: string, status: number) =>
  `","method":${JSON.stringify(method)},"path":${JSON.stringify(path)},"status":${status},"ms":`;

/** One line for every answer that was no refusal: who asked what, what came of it, and how long it took (ms). */
export interface AccessLog {
  say(answered: Answered): void;
  /** Hands over what was gathered; at the end of the process, before the logger's own flush. */
  flush(): void;
}

/**
 * Answers are gathered so long (ms), or until there are so many, and then written down in one go: that takes a third of what
 * it takes between two answers, where nothing of it is at hand. Much larger texts cost more again.
 */
const gatherFor = 50;
const gatherAtMost = 200;
/** What is gathered of an answer: when, its id, what was answered, how long it took, and who asked. */
const perRow = 5;
/** How many callers' ids are kept as they stand in a line. */
const principalsAtMost = 10_000;
const closing = (principal: string) => `,"principal":${principal},"msg":"request"}\n`;
/** The usual durations as text, by hundredths of a millisecond: to print a fraction takes as long as the rest of a line. */
const quick = Array.from({ length: 1000 }, (_, hundredths) => String(hundredths / 100));

/**
 * Writes into the logger's own stream, in its form. The line has five members of known form, so it is put together as text: of
 * all that happens to a ready answer, having the logger make it would be the dearest.
 */
export function createAccessLog(logger: Logger): AccessLog {
  const stream = (logger as unknown as Record<symbol, { write(line: string): void }>)[pino.symbols.streamSym];
  if (!stream) throw new Error('the logger has no stream');
  const bindings = Object.entries(logger.bindings())
    .map(([name, value]) => `,${JSON.stringify(name)}:${JSON.stringify(value)}`)
    .join('');
  let moment = 0;
  let opening = '';
  const quoted = new LRUCache<string, string>({ max: principalsAtMost });
  const closingOf = (principal: string | null) => {
    if (principal === null) return closing('null');
    let text = quoted.peek(principal);
    if (text === undefined) {
      text = closing(JSON.stringify(principal));
      quoted.set(principal, text);
    }
    return text;
  };
  // One flat list, and one text made of all its pieces at once: objects and lines in between would only be garbage.
  let gathered: (string | number | null)[] = [];
  let timer: NodeJS.Timeout | undefined;
  const flush = () => {
    clearTimeout(timer);
    timer = undefined;
    if (gathered.length === 0) return;
    const pieces: string[] = [];
    for (let at = 0; at < gathered.length; at += perRow) {
      const now = gathered[at] as number;
      if (now !== moment) {
        moment = now;
        opening = `{"level":"info","time":"${new Date(now).toISOString()}"${bindings},"requestId":"`;
      }
      const hundredths = Math.round((gathered[at + 3] as number) * 100);
      const ms = quick[hundredths] ?? String(hundredths / 100);
      const [id, answered] = [gathered[at + 1] as string, gathered[at + 2] as string];
      pieces.push(opening, id, answered, ms, closingOf(gathered[at + 4] as string | null));
    }
    gathered = [];
    stream.write(pieces.join(''));
  };
  return {
    flush,
    say({ id, answered, started, principal, now }) {
      if (!logger.isLevelEnabled('info')) return;
      gathered.push(now, id, answered, performance.now() - started, principal);
      if (gathered.length >= gatherAtMost * perRow) flush();
      else timer ??= setTimeout(flush, gatherFor);
    },
  };
}
