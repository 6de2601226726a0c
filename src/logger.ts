import type { LoggerService } from '@nestjs/common';
import { pino, type Logger } from 'pino';
import type { Config } from './config.js';

/** Structured logs, one JSON object a line. Fields that could carry a secret are cut, wherever they come from. */
export function makeLogger(
  config: Pick<Config, 'LOG_LEVEL'>,
  destination: { write(line: string): void } = process.stderr,
): Logger {
  return pino(
    {
      level: config.LOG_LEVEL,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: {
        paths: [
          '*.password',
          '*.token',
          '*.authorization',
          '*.cookie',
          'password',
          'token',
          'authorization',
          'cookie',
          'err.parameters',
          'err.query',
          'cause.parameters',
          'cause.query',
        ],
        censor: '[cut]',
      },
    },
    destination,
  );
}

/** Lets Nest write to the same log; its start-up chatter is debug. */
export function nestLogger(logger: Logger): LoggerService {
  const context = (rest: unknown[]): { context?: unknown } => (rest.length > 0 ? { context: rest.at(-1) } : {});
  return {
    log: (message: unknown, ...rest: unknown[]) => logger.debug(context(rest), String(message)),
    verbose: (message: unknown, ...rest: unknown[]) => logger.trace(context(rest), String(message)),
    debug: (message: unknown, ...rest: unknown[]) => logger.debug(context(rest), String(message)),
    warn: (message: unknown, ...rest: unknown[]) => logger.warn(context(rest), String(message)),
    error: (message: unknown, ...rest: unknown[]) => logger.error(context(rest), String(message)),
    fatal: (message: unknown, ...rest: unknown[]) => logger.fatal(context(rest), String(message)),
  };
}
