import { type DestinationStream, type Logger, pino } from 'pino';
import { PinoPretty } from 'pino-pretty';
import type { LogLevel, Role } from '../config.ts';
import { Redaction } from './redaction.ts';

export interface LoggerOptions {
  readonly level: LogLevel;
  readonly role: Role;
  /** true: for people, false: one JSON object a line */
  readonly pretty: boolean;
  readonly redaction?: Redaction;
  /** default: standard output */
  readonly destination?: DestinationStream;
}

/** The one logger. Whatever is logged passes the redaction first, so that no call site has to think of it. */
export function createLogger({
  level,
  role,
  pretty,
  redaction = new Redaction(),
  destination,
}: LoggerOptions): Logger {
  const stream =
    destination ??
    (pretty
      ? PinoPretty({
          colorize: true,
          singleLine: true,
          ignore: 'pid,hostname,service,role',
          translateTime: 'SYS:HH:MM:ss.l',
        })
      : pino.destination({ fd: 1, sync: false, minLength: 4096 }));
  return pino(
    {
      level,
      base: { service: 'fleetgate', role },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      hooks: {
        logMethod(inputArgs, method) {
          const clean = inputArgs.map((argument) =>
            argument instanceof Error ? { err: redaction.error(argument) } : redaction.value(argument),
          );
          method.apply(this, clean as Parameters<typeof method>);
        },
      },
    },
    stream,
  );
}
