import { z } from 'zod';
import { WINDOW_UNITS } from '../../analysis/drift/windows.ts';
import { AppError } from '../../core/errors.ts';

const RFC3339 = /^\d{4}-\d{2}-\d{2}([Tt ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?([Zz]|[+-]\d{2}:\d{2})?)?$/;
const EARLIEST_MS = 0;
const LATEST_MS = 4_102_444_800_000;

/** A moment as RFC 3339 text, a date, or epoch milliseconds; becomes epoch milliseconds. Text without a zone is UTC. */
export const momentSchema = z
  .string()
  .describe('RFC 3339 time, date, or epoch milliseconds.')
  .transform((text, context) => {
    const moment = parseMoment(text);
    if (moment !== undefined) return moment;
    context.addIssue({ code: 'custom', message: 'must be an RFC 3339 time or epoch milliseconds' });
    return z.NEVER;
  });

/** Start and end of a range; the start is included, the end is not. */
export const rangeShape = {
  from: momentSchema.optional(),
  to: momentSchema.optional(),
};

export const modelParameters = z.object({
  model: z
    .string()
    .regex(/^[A-Za-z0-9_.:/-]{1,128}$/, 'is no model name')
    .describe('Name of the model, URL-encoded.'),
});

/** Length of a tumbling window. */
export const windowSchema = z.enum(WINDOW_UNITS);

export const versionSchema = z.string().max(128).optional().describe('One version; all together when absent.');

export const segmentSchema = z
  .string()
  .max(513)
  .regex(/^[^=]+=/, 'must be name=value')
  .optional()
  .describe('One segment as name=value; all traffic when absent.');

/** A range as a request gave it. */
export interface AskedRange {
  readonly from?: number | undefined;
  readonly to?: number | undefined;
}

/**
 * Returns the asked range in epoch milliseconds, with what is missing taken from `whole`.
 *
 * @throws E_USAGE when it ends before it begins
 */
export function rangeOf(asked: AskedRange, whole: { readonly fromMs: number; readonly toMs: number }) {
  const { from, to } = asked;
  if (from !== undefined && to !== undefined && to <= from)
    throw new AppError('E_USAGE', 'to must be later than from.');
  return { fromMs: from ?? whole.fromMs, toMs: to ?? whole.toMs };
}

/** Returns epoch milliseconds, or undefined when the text is no moment between 1970 and 2100. */
export function parseMoment(text: string): number | undefined {
  const value = /^\d{1,15}$/.test(text) ? Number(text) : RFC3339.test(text) ? Date.parse(toIso(text)) : Number.NaN;
  return value >= EARLIEST_MS && value <= LATEST_MS ? value : undefined;
}

function toIso(text: string): string {
  if (text.length === 10) return text;
  const spaced = text.replace(' ', 'T').toUpperCase();
  return /(Z|[+-]\d{2}:\d{2})$/.test(spaced) ? spaced : `${spaced}Z`;
}
