import { z } from 'zod';
import { compileRegex } from './compile-regex.ts';

export const RELABEL_ACTIONS = [
  'replace',
  'keep',
  'drop',
  'keepequal',
  'dropequal',
  'hashmod',
  'labelmap',
  'labeldrop',
  'labelkeep',
  'lowercase',
  'uppercase',
] as const;

const NEEDS_TARGET = new Set<string>(['replace', 'hashmod', 'lowercase', 'uppercase', 'keepequal', 'dropequal']);
const LABEL_NAME = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

/** One step of relabelling, with the names, defaults and meaning that Prometheus gives it. */
export const relabelStepSchema = z
  .strictObject({
    source_labels: z.array(z.string().regex(LABEL_NAME, 'must be a label name')).default([]),
    separator: z.string().default(';').describe('Put between the values of the source labels.'),
    regex: z.string().default('(.*)').describe('Must match the whole of the joined values, or of a label name.'),
    modulus: z.int().min(1).optional().describe('Divisor for hashmod.'),
    target_label: z.string().min(1).optional().describe('Label that is written; may hold $1 for replace.'),
    replacement: z.string().default('$1').describe('New value; $1 or ${name} stand for groups of the regex.'),
    action: z
      .string()
      .transform((text) => text.toLowerCase())
      .pipe(z.enum(RELABEL_ACTIONS))
      .default('replace'),
  })
  .superRefine((step, context) => {
    const issue = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message });
    if (compileRegex(step.regex) === undefined) {
      issue('regex', 'must be a regular expression without parts that only Go knows, such as \\A or [[:alpha:]]');
    }
    if (NEEDS_TARGET.has(step.action) && step.target_label === undefined) {
      issue('target_label', `is needed for the action ${step.action}`);
    }
    if (step.action === 'hashmod' && step.modulus === undefined) issue('modulus', 'is needed for the action hashmod');
    if (step.action !== 'replace' && step.target_label !== undefined && !LABEL_NAME.test(step.target_label)) {
      issue('target_label', 'must be a label name');
    }
  });

export type RelabelStep = z.output<typeof relabelStepSchema>;
