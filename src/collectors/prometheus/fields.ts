import { z } from 'zod';
import { parseDuration } from '../../core/duration.ts';

/** A duration such as 500ms, 15s or 1m; milliseconds after parsing. */
export const durationMs = z.string().transform((text, context) => {
  const ms = parseDuration(text);
  if (ms !== undefined && ms > 0) return ms;
  context.addIssue({ code: 'custom', message: 'must be a duration such as 500ms, 15s or 1m' });
  return z.NEVER;
});
