import { type Logger, pino } from 'pino';
import { describeError } from '../core/errors.ts';

/** Returns the logger of a process: JSON lines on stderr, so that stdout stays for answers. */
export function createLogger(level: string): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      // A message of the database can hold a whole statement.
      serializers: { err: (error: unknown) => describeError(error).slice(0, 2000) },
    },
    pino.destination({ dest: 2, sync: true }),
  );
}
