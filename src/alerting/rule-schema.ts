import { z } from 'zod';
import { DURATION_PATTERN, parseDuration } from './duration.ts';

const SEVERITIES = ['critical', 'warning', 'info'] as const;
const RULE_SCOPES = ['model', 'version', 'segment', 'gpu', 'fleet'] as const;
const AGGREGATES = ['avg', 'max', 'min', 'last', 'p95'] as const;
const BASELINES = ['same-hour-last-week', 'trailing-median', 'trailing-max'] as const;
const TRAILING: readonly string[] = ['trailing-median', 'trailing-max'];
const ALERT_NAME = /^[A-Z][A-Za-z0-9]{2,79}$/;

/** What is said of a duration that is none. */
export const DURATION_HINT = 'must be a duration such as 30s, 5m, 1h or 2d';
/** Every minute reads as far back as `over` says. */
const MAX_OVER_MS = 7 * 86_400_000;

const duration = z.string().regex(DURATION_PATTERN, DURATION_HINT);

const factorBound = z.strictObject({
  signal: z.string().describe('Signal to compare with, in the same minute.'),
  times: z.number().describe('Factor on that signal.'),
});
const baselineBound = z
  .strictObject({
    baseline: z
      .enum(BASELINES)
      .describe(
        'same-hour-last-week: mean of the hour around the same minute a week ago; trailing-median and trailing-max: median and largest minute of `window` up to the minute. Fewer than ten values are no baseline; for trailing-max, than a tenth of the minutes of `window`.',
      ),
    times: z.number().default(1).describe('Factor on the baseline.'),
    signal: z.string().optional().describe('Signal whose past it is; default the compared one.'),
    window: duration.optional().describe('How far back a trailing median or maximum looks; 24h by default.'),
  })
  .superRefine((value, context) => {
    if (value.window === undefined) return;
    if (!TRAILING.includes(value.baseline)) {
      context.addIssue({
        code: 'custom',
        path: ['window'],
        message: `belongs to baseline ${TRAILING.join(' and ')} only`,
      });
    }
    const windowMs = parseDuration(value.window) ?? 0;
    if (windowMs < 600_000 || windowMs > 7 * 86_400_000) {
      context.addIssue({ code: 'custom', path: ['window'], message: 'must be from 10m to 7d' });
    }
  });

/** Order of the branches of `bound` that are mappings: the error text picks the branch by the key that is there. */
export const BOUND_KEYS = { baseline: baselineBound.shape, signal: factorBound.shape } as const;

const bound = z.union([z.number(), z.string(), baselineBound, factorBound]);

const compare = z
  .strictObject({
    signal: z
      .string()
      .describe('Name from the catalogue of signals. One with values per feature holds when any feature does.'),
    above: bound
      .optional()
      .describe('True when the signal is greater: than a number, a signal, {signal, times}, or {baseline, times}.'),
    below: bound
      .optional()
      .describe('True when the signal is less: than a number, a signal, {signal, times}, or {baseline, times}.'),
    over: duration.optional().describe('Looks at this long before the minute instead of at the minute alone.'),
    agg: z.enum(AGGREGATES).optional().describe('How the minutes of `over` become one number; avg by default.'),
  })
  .superRefine((value, context) => {
    if ((value.above === undefined) === (value.below === undefined)) {
      context.addIssue({ code: 'custom', message: 'must have exactly one of above and below' });
    }
    if (value.agg !== undefined && value.over === undefined) {
      context.addIssue({ code: 'custom', path: ['agg'], message: 'needs over, the time to aggregate' });
    }
    if (value.over !== undefined && /^0+[smhd]$/.test(value.over)) {
      context.addIssue({ code: 'custom', path: ['over'], message: 'must be longer than 0' });
    }
    if ((parseDuration(value.over ?? '0s') ?? 0) > MAX_OVER_MS) {
      context.addIssue({ code: 'custom', path: ['over'], message: 'must be at most 7d' });
    }
    const { above, signal } = value;
    if (typeof above !== 'object' || !('baseline' in above) || above.baseline !== 'trailing-max') return;
    if ((above.signal ?? signal) === signal && above.times >= 1) {
      const message =
        'needs times below 1 with trailing-max: the minute itself counts, so nothing is above its own peak';
      context.addIssue({ code: 'custom', path: ['above'], message });
    }
  });

type CompareInput = z.infer<typeof compare>;
type ConditionInput =
  | { readonly all: readonly ConditionInput[] }
  | { readonly any: readonly ConditionInput[] }
  | { readonly none: readonly ConditionInput[] }
  | CompareInput;

/** Order of the branches of `condition`: the error text picks the branch by the key that is there. */
export const CONDITION_KEYS = ['all', 'any', 'none', 'signal'] as const;

const condition: z.ZodType<ConditionInput> = z.lazy(() =>
  z.union([
    z.strictObject({ all: children }),
    z.strictObject({ any: children }),
    z.strictObject({ none: children }),
    compare,
  ]),
);
const children = z.array(condition).min(1, 'must list at least one condition');

/** One alert as it is written in YAML, one a file. */
export const ruleSchema = z.strictObject({
  alert: z
    .string()
    .regex(ALERT_NAME, 'must be a PascalCase name of 3 to 80 letters and digits, such as GpuSaturated')
    .describe('Name of the alert, PascalCase.'),
  severity: z
    .enum(SEVERITIES)
    .describe('critical wakes somebody, warning waits for the morning, info is for the record.'),
  scope: z.enum(RULE_SCOPES).default('model').describe('What one alert is about; fleet: all models together.'),
  for: duration.default('0s').describe('How long the condition must hold before the alert fires.'),
  keep_firing_for: duration.default('0s').describe('How long the condition must be gone before the alert resolves.'),
  when: condition.describe(
    'Tree of all, any, none and compares. A compare without data is false, so none of it is true; without any data the rule is neither.',
  ),
  unless: z
    .array(z.string().regex(ALERT_NAME, 'must be the name of an alert'))
    .default([])
    .describe('Alerts whose firing for the same model explains this one, which then stays silent.'),
  owner: z.string().min(1).max(128).optional().describe('Team or person that is asked first.'),
  labels: z
    .record(z.string().regex(/^[a-z][a-z0-9_]{0,63}$/, 'must be a snake_case label name'), z.string().max(256))
    .default({})
    .describe('Labels that travel with the alert.'),
  summary: z
    .string()
    .min(1)
    .max(512)
    .describe('One line for the page; {{model}}, {{version}}, {{segment}}, {{gpu}} and {{signal_name}} are filled in.'),
  description: z.string().max(4096).optional().describe('What it means, in a sentence or two.'),
  runbook: z
    .string()
    .regex(
      /^(https:\/\/\S{1,2000}|[A-Za-z0-9_-]{1,100})$/,
      'must be the name of a file in runbooks/ without .md, or an https address',
    )
    .describe('Name of a file in runbooks/ without .md, or an https address.'),
  actions: z
    .array(
      z
        .string()
        .regex(
          /^(page|notify|retrain|webhook:[A-Za-z0-9_-]{1,64})$/,
          'must be page, notify, retrain or webhook:<name>',
        ),
    )
    .default([])
    .describe('What is done when it fires: page, notify, retrain, webhook:<name>.'),
});

export type RuleInput = z.infer<typeof ruleSchema>;
export type { CompareInput, ConditionInput };
