import { type Logger, pino } from 'pino';

export interface Answered {
  id: string;
  method: string;
  /** without the query */
  path: string;
  status: number;
  /** `performance.now()` when the request came in */
  started: number;
  /** null: nobody that we know */
  principal: string | null;
}

/** One line for every answer that was no refusal: who asked what, what came of it, and how long it took (ms). */
export interface AccessLog {
  say(answered: Answered): void;
  /** Hands over what was gathered; at the end of the process, before the logger's own flush. */
  flush(): void;
}

/** Lines are gathered so long (ms), or until there are so many: one hand-over then serves them all. */
const gatherFor = 50;
const gatherAtMost = 1000;

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
  let second = 0;
  let prefix = '';
  let gathered: string[] = [];
  let timer: NodeJS.Timeout | undefined;
  const flush = () => {
    clearTimeout(timer);
    timer = undefined;
    if (gathered.length > 0) stream.write(gathered.join(''));
    gathered = [];
  };
  return {
    flush,
    say({ id, method, path, status, started, principal }) {
      if (!logger.isLevelEnabled('info')) return;
      const now = Date.now();
      if (now - second >= 1000 || now < second) {
        second = now - (now % 1000);
        prefix = `{"level":"info","time":"${new Date(second).toISOString().slice(0, 20)}`;
      }
      const ms = Math.round((performance.now() - started) * 100) / 100;
      const who = principal === null ? 'null' : JSON.stringify(principal);
      gathered.push(
        `${prefix}${String(now - second).padStart(3, '0')}Z"${bindings},"requestId":"${id}","method":"${method}","path":${JSON.stringify(path)},"status":${status},"ms":${ms},"principal":${who},"msg":"request"}\n`,
      );
      if (gathered.length >= gatherAtMost) flush();
      else timer ??= setTimeout(flush, gatherFor);
    },
  };
}
