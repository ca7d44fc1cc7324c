import type { z } from 'zod';
import type { Reading } from './change.ts';

/** Returns what is wrong with a body by the first fault that its schema found. */
export function unreadable(error: z.ZodError): Reading {
  const [issue] = error.issues;
  return { is: 'unreadable', field: issue?.path.join('.') ?? '', reason: issue?.message ?? 'is not as expected' };
}
