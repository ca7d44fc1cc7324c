import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { avoidedAlarms, ruleQualityQuery } from '../../store/queries/alert-quality.ts';
import { problemSchema } from '../problem.ts';
import { type ReadDependencies, typed } from './read-dependencies.ts';
import { rangeOf, rangeShape } from './request-schemas.ts';

const answerSchema = z.object({
  from: z.iso.datetime(),
  to: z.iso.datetime(),
  rules: z.array(
    z.object({
      alert: z.string(),
      severity: z.string(),
      fired: z.number().int(),
      resolved: z.number().int(),
      per_week: z.number().describe('Times that it fired, by week of the range.'),
      weeks: z.array(z.object({ week: z.iso.datetime(), fired: z.number().int() })),
      acknowledged: z.number().int().describe('Episodes whose page somebody acknowledged where it was received.'),
      seconds_to_acknowledge: z.object({ median: z.number().nullable() }),
      seconds_to_resolve: z.object({ median: z.number().nullable(), p95: z.number().nullable() }),
    }),
  ),
  avoided: z
    .array(z.object({ alert: z.string(), clause: z.string(), alarms: z.number().int(), minutes: z.number().int() }))
    .describe('What single clauses of compound rules would have alarmed while the rule itself stayed silent.'),
});

const DAY_MS = 86_400_000;
const WEEK_MS = 7 * DAY_MS;

/** Registers GET /v1/alerts/quality: how often rules fire, how long that takes, and what their compounds avoid. */
export async function registerAlertQualityRoute(app: FastifyInstance, deps: ReadDependencies): Promise<void> {
  typed(app).get(
    '/v1/alerts/quality',
    {
      onRequest: deps.guard('read'),
      schema: {
        summary:
          'Alert quality: firings by rule and week, time to resolve, single-signal alarms that compounds avoided.',
        tags: ['read'],
        querystring: z.object(rangeShape),
        response: { 200: answerSchema, 400: problemSchema },
      },
    },
    async ({ query }) => {
      const now = deps.clock.now();
      const { fromMs, toMs } = rangeOf(query, { fromMs: now - 30 * DAY_MS, toMs: now });
      const [rules, avoided] = await Promise.all([
        deps.store.query(ruleQualityQuery, { from: fromMs, to: toMs }),
        deps.store.query(avoidedAlarms, { from: Math.floor(fromMs / 1000), to: Math.ceil(toMs / 1000) }),
      ]);
      const weeks = Math.max(1, (toMs - fromMs) / WEEK_MS);
      return {
        from: new Date(fromMs).toISOString(),
        to: new Date(toMs).toISOString(),
        rules: rules.map((rule) => ({
          alert: rule.alert,
          severity: rule.severity,
          fired: rule.fired,
          resolved: rule.resolved,
          per_week: rule.fired / weeks,
          weeks: rule.weeks.map(([weekMs, fired]) => ({ week: new Date(weekMs).toISOString(), fired })),
          acknowledged: rule.acknowledged,
          seconds_to_acknowledge: { median: rule.medianAcknowledgeSeconds },
          seconds_to_resolve: { median: rule.medianSeconds, p95: rule.p95Seconds },
        })),
        avoided: [...avoided],
      };
    },
  );
}
