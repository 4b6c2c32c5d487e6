import type { LoggerService } from '@nestjs/common';
import type { Logger } from 'pino';

/** Nest's own lines, through the one logger. What it says of every route it maps is for debugging. */
export class NestLogger implements LoggerService {
  constructor(private readonly logger: Logger) {}

  log(message: unknown, ...rest: unknown[]): void {
    this.logger.debug(factsOf(message, rest), textOf(message));
  }

  debug(message: unknown, ...rest: unknown[]): void {
    this.logger.debug(factsOf(message, rest), textOf(message));
  }

  verbose(message: unknown, ...rest: unknown[]): void {
    this.logger.trace(factsOf(message, rest), textOf(message));
  }

  warn(message: unknown, ...rest: unknown[]): void {
    this.logger.warn(factsOf(message, rest), textOf(message));
  }

  error(message: unknown, ...rest: unknown[]): void {
    this.logger.error(factsOf(message, rest), textOf(message));
  }

  fatal(message: unknown, ...rest: unknown[]): void {
    this.logger.fatal(factsOf(message, rest), textOf(message));
  }
}

/** Nest gives the context as the last of what follows the message, and for an error its stack before that. */
function factsOf(message: unknown, rest: readonly unknown[]): Record<string, unknown> {
  const texts = rest.filter((one) => typeof one === 'string');
  const error = message instanceof Error ? message : rest.find((one) => one instanceof Error);
  const stack = texts.find((text) => /\n\s+at /.test(text));
  const context = texts.findLast((text) => text !== stack);
  return {
    ...(context === undefined ? {} : { context }),
    ...(error ? { err: error } : stack === undefined ? {} : { stack }),
  };
}

function textOf(message: unknown): string {
  if (message instanceof Error) return message.message;
  return typeof message === 'string' ? message : (JSON.stringify(message) ?? String(message));
}
