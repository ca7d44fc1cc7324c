import { z } from 'zod';
import { parseDuration } from '../core/duration.ts';

/** A duration such as "30s", "5m", "1h", "7d"; milliseconds after parsing. */
export function duration(): z.ZodPipe<z.ZodString, z.ZodTransform<number, string>> {
  return z.string().transform((text, context) => {
    const ms = parseDuration(text);
    if (ms !== undefined && ms > 0) return ms;
    context.addIssue({ code: 'custom', message: 'must be a duration such as 30s, 5m, 1h or 7d' });
    return z.NEVER;
  });
}

/** A model name or version as records carry it. */
export const nameSchema = z.string().regex(/^[A-Za-z0-9_.:/-]{1,128}$/, 'must match ^[A-Za-z0-9_.:/-]{1,128}$');

/** An RFC 3339 time; milliseconds since 1970 after parsing. */
export function instant(): z.ZodPipe<z.ZodString, z.ZodTransform<number, string>> {
  return z.string().transform((text, context) => {
    const ms = Date.parse(text);
    if (!Number.isNaN(ms)) return ms;
    context.addIssue({ code: 'custom', message: 'must be an RFC 3339 time such as 2026-05-01T00:00:00Z' });
    return z.NEVER;
  });
}

/** A regular expression that must match the whole value. */
export const regexSchema = z.string().refine((text) => {
  try {
    return new RegExp(`^(?:${text})$`).source !== '';
  } catch {
    return false;
  }
}, 'must be a regular expression');
