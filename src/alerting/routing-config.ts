import { z } from 'zod';
import { durationField, instantField } from '../core/duration-field.ts';
import { matcherSchema } from './silences.ts';

const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;
const time = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be a time such as 02:30');

const modelsField = z.array(z.string()).min(1).optional().describe('Names of models; all of them when absent.');

const onceSchema = z.strictObject({
  comment: z.string().default('').describe('Why.'),
  models: modelsField,
  start: instantField(),
  end: instantField(),
});

const weeklySchema = z.strictObject({
  comment: z.string().default('').describe('Why.'),
  models: modelsField,
  days: z.array(z.enum(DAYS)).min(1).describe('Days on which it begins, in UTC.'),
  from: time.describe('Time of day in UTC.'),
  to: time.describe('Time of day in UTC; on the next day when it is not after `from`.'),
});

/** The part of the configuration `notify` that says who is told what, and when nobody is. */
export const routingConfigSchema = z.strictObject({
  group: z
    .strictObject({
      by: z
        .array(z.enum(['model', 'severity', 'alert', 'scope', 'owner']))
        .min(1)
        .default(['model', 'severity'])
        .describe('Alerts that are the same in these are one page with one dedup_key.'),
      wait: durationField()
        .default(0)
        .describe('How long a page waits for others of its group before it is sent; 0s sends it at once.'),
    })
    .prefault({}),
  flapping: z
    .strictObject({
      pages: z.number().int().min(1).default(3).describe('So many pages of one group within `within` are flapping.'),
      within: durationField().default(3_600_000),
      hold: durationField().default(1_800_000).describe('How long a flapping group must be quiet before it resolves.'),
    })
    .prefault({})
    .describe('A page that flaps stays open until it has been quiet, instead of paging again and again.'),
  links: z
    .strictObject({
      dashboard: z
        .url({ protocol: /^https?$/ })
        .optional()
        .describe('Address of the dashboard of a model; {model} stands for its name.'),
      runbook: z
        .url({ protocol: /^https?$/ })
        .optional()
        .describe('Address of a runbook; {runbook} stands for its name.'),
    })
    .prefault({})
    .describe('Links in messages beside the one to the incident, which needs server.public_url.'),
  inhibit: z
    .boolean()
    .default(true)
    .describe('While a critical alert of a model fires, its warnings and infos are not told.'),
  silences: z
    .array(
      z.strictObject({
        matchers: z.array(matcherSchema).min(1),
        comment: z.string().min(1).describe('Why.'),
        created_by: z.string().default('configuration'),
        starts_at: instantField().optional(),
        ends_at: instantField(),
      }),
    )
    .default([])
    .describe('Silences that are kept in the file; others are made through POST /v1/silences.'),
  maintenance: z
    .array(z.union([onceSchema, weeklySchema]))
    .default([])
    .describe('Times in which nobody is told of alerts, once or every week.'),
});

export type RoutingConfig = z.infer<typeof routingConfigSchema>;
export type Maintenance = RoutingConfig['maintenance'][number];

/** Returns whether a maintenance window is open for a model at a time (epoch ms). */
export function isInMaintenance(window: Maintenance, model: string, atMs: number): boolean {
  if (window.models !== undefined && !window.models.includes(model)) return false;
  if ('start' in window) return atMs >= window.start && atMs < window.end;
  const [from, to] = [minuteOf(window.from), minuteOf(window.to)];
  const lengthMs = ((to - from + 1440) % 1440 || 1440) * 60_000;
  return [0, 1].some((daysAgo) => {
    const midnightMs = Math.floor(atMs / DAY_MS - daysAgo) * DAY_MS;
    const day = DAYS[new Date(midnightMs).getUTCDay()];
    const startMs = midnightMs + from * 60_000;
    return day !== undefined && window.days.includes(day) && atMs >= startMs && atMs < startMs + lengthMs;
  });
}

const DAY_MS = 86_400_000;

function minuteOf(text: string): number {
  return Number(text.slice(0, 2)) * 60 + Number(text.slice(3));
}
