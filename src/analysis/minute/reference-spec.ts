import { z } from 'zod';
import type { Reference } from './reference-ranges.ts';

const schema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('fixed'), fromMs: z.number(), toMs: z.number() }),
  z.object({ kind: z.literal('trailing'), windowMs: z.number() }),
  z.object({ kind: z.literal('previous') }),
  z.object({ kind: z.literal('same-hour-last-week'), weeks: z.number() }),
  z.object({ kind: z.literal('version'), version: z.string() }),
  z.object({ kind: z.literal('file'), source: z.string(), name: z.string() }),
]);

/** Returns a reference from the text it is stored as. */
export function parseReference(text: string): Reference {
  return schema.parse(JSON.parse(text));
}
