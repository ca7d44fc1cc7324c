import { z } from 'zod';
import { parseDuration } from './duration.ts';

/** Makes a field for a duration such as "30s", "5m", "1h" or "7d"; milliseconds after parsing. */
export function durationField(): z.ZodPipe<z.ZodString, z.ZodTransform<number, string>> {
  return z.string().transform((text, context) => {
    const ms = parseDuration(text);
    if (ms !== undefined) return ms;
    context.addIssue({ code: 'custom', message: 'must be a duration such as 30s, 5m, 1h or 7d' });
    return z.NEVER;
  });
}

/** Makes a field for an RFC 3339 time; milliseconds since 1970 after parsing. */
export function instantField(): z.ZodPipe<z.ZodString, z.ZodTransform<number, string>> {
  return z.string().transform((text, context) => {
    const ms = Date.parse(text);
    if (!Number.isNaN(ms)) return ms;
    context.addIssue({ code: 'custom', message: 'must be an RFC 3339 time such as 2026-05-01T00:00:00Z' });
    return z.NEVER;
  });
}
