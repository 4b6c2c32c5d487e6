import { type Bindings, type ChildLoggerOptions, type DestinationStream, type Logger, pino } from 'pino';
import { prettyFactory } from 'pino-pretty';
import type { LogLevel, Role } from '../config.ts';
import { Redaction } from './redaction.ts';

export interface LoggerOptions {
  readonly level: LogLevel;
  readonly role: Role;
  /** true: for people, false: one JSON object a line */
  readonly pretty: boolean;
  readonly redaction?: Redaction;
  /** default: standard output, written in the background */
  readonly destination?: DestinationStream;
}

/** What is kept in memory, in bytes, while standard output does not take it; beyond that lines are dropped. */
const maxWaiting = 16 * 1024 * 1024;

/** The one logger. Whatever is logged passes the redaction first, so that no call site has to think of it. */
export function createLogger(options: LoggerOptions): Logger {
  const { level, role, pretty, redaction = new Redaction() } = options;
  // minLength 1: every line goes out at once, and yet `flush` waits for the last one (with 0 it does not).
  const destination =
    options.destination ?? pino.destination({ fd: 1, sync: false, minLength: 1, maxLength: maxWaiting });
  const logger = pino(
    {
      level,
      base: { service: 'fleetgate', role },
      timestamp: pino.stdTimeFunctions.isoTime,
      serializers: { err: (clean: unknown) => clean }, // errors are plain objects by the time they get there
      formatters: { level: (label) => ({ level: label }) },
      hooks: {
        logMethod(given, method) {
          const [first, ...rest] = given as unknown[];
          const facts = redaction.value(first instanceof Error ? { err: first } : first);
          method.apply(this, [facts, ...rest.map((one) => redaction.value(one))] as [object]);
        },
      },
    },
    pretty ? prettyLines(destination) : destination,
  );
  return redactBindings(logger, redaction);
}

/** What a child always says is written by pino when the child is made, past the hook above. Children inherit this. */
function redactBindings(logger: Logger, redaction: Redaction): Logger {
  const { child, setBindings } = logger;
  const clean = (bindings: Bindings) => redaction.value(bindings) as Bindings;
  return Object.assign(logger, {
    child(this: Logger, bindings: Bindings, options?: ChildLoggerOptions) {
      return Reflect.apply(child, this, [clean(bindings), options]) as Logger;
    },
    setBindings(this: Logger, bindings: Bindings) {
      setBindings.call(this, clean(bindings));
    },
  });
}

/** The lines as people like to read them, made in this process, so that nothing is lost when it ends. */
function prettyLines(
  destination: DestinationStream,
): DestinationStream & { flush?: (done: () => void) => void } {
  const prettify = prettyFactory({
    colorize: true,
    singleLine: true,
    ignore: 'service,role',
    translateTime: 'SYS:HH:MM:ss.l',
  });
  const { flush } = destination as { flush?: (done: () => void) => void };
  return {
    // the log of ready answers hands over many lines at once
    write: (lines) =>
      destination.write(
        lines
          .split(/(?<=\n)/)
          .map(prettify)
          .join(''),
      ),
    ...(flush ? { flush: flush.bind(destination) } : {}),
  };
}
