import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { CanaryReport } from '../analysis/judge/canary-report.ts';
import type { CanaryRequest } from '../analysis/judge/judge-canary.ts';
import type { Clock } from '../core/clock.ts';
import { durationField, instantField } from '../core/duration-field.ts';
import { AppError, UsageError } from '../core/errors.ts';
import type { guard } from './auth.ts';
import { problemSchema } from './problem.ts';
import { typed } from './read/read-dependencies.ts';

/** What is asked of a judge, without what the service knows itself. */
export type AskedCanary = Pick<CanaryRequest, 'model' | 'baseline' | 'canary' | 'fromMs' | 'toMs' | 'sequential'>;

export interface JudgeRoutesOptions {
  readonly clock: Clock;
  readonly guard: ReturnType<typeof guard>;
  readonly judge: (asked: AskedCanary) => Promise<CanaryReport>;
}

const name = z.string().regex(/^[A-Za-z0-9_.:/-]{1,128}$/, 'is no name of a model or version');
const askedShape = {
  baseline: name.optional().describe('Version to compare with; default the most used one beside the canary.'),
  canary: name.optional().describe('Version to judge; default the newest one.'),
  window: durationField().default(1_800_000).describe('How far back, such as 30m (the default).'),
};
const bodySchema = z.strictObject({
  model: name,
  ...askedShape,
  to: instantField().optional().describe('End of the window, RFC 3339; default now.'),
  sequential: z.boolean().default(false).describe('For those who ask again and again: passes only a whole window.'),
});
const argoSchema = z.object({ model: name, ...askedShape });
const flaggerSchema = z.looseObject({
  name: z.string(),
  namespace: z.string().default(''),
  phase: z.string().default(''),
  metadata: z.looseObject({ model: name.optional(), ...askedShape }).prefault({}),
});

const metricSchema = z.object({
  metric: z.string(),
  classification: z.enum(['pass', 'marginal', 'fail', 'nodata']),
  p: z.number().nullable(),
  effect: z.number().nullable(),
  baseline: z.number().nullable(),
  canary: z.number().nullable(),
  n_baseline: z.number(),
  n_canary: z.number(),
  weight: z.number(),
  critical: z.boolean(),
  reason: z.string(),
});
const arm = z.object({ version: z.string(), predictions: z.number() });
const verdict = z.enum(['pass', 'fail', 'inconclusive']);
const reportSchema = z.object({
  verdict,
  score: z.number().nullable().describe('0 to 100; null without data.'),
  model: z.string(),
  baseline: arm,
  canary: arm,
  window: z.object({ from: z.iso.datetime(), to: z.iso.datetime() }),
  sequential: z.boolean(),
  samples: z.number(),
  metrics: z.array(metricSchema).readonly(),
  reasons: z.array(z.string()).readonly(),
});
const argoAnswer = z.object({
  data: z.object({
    verdict,
    score: z.number().nullable().describe('0 to 1; null without data.'),
    samples: z.number(),
    reasons: z.array(z.string()).readonly(),
  }),
});
const flaggerAnswer = z.object({ verdict, reasons: z.array(z.string()).readonly() });

/** Registers POST /v1/judge, GET and POST /v1/judge/argo, and POST /v1/judge/flagger. */
export async function registerJudgeRoutes(app: FastifyInstance, options: JudgeRoutesOptions): Promise<void> {
  const { clock, guard, judge } = options;
  const tags = ['canary'];
  typed(app).post(
    '/v1/judge',
    {
      onRequest: guard('read'),
      schema: {
        summary: 'Judges a canary version against a baseline over the same minutes.',
        tags,
        body: bodySchema,
        response: { 200: reportSchema, 400: problemSchema, 404: problemSchema },
      },
    },
    ({ body }) => judge(toAsked(body, { toMs: body.to ?? clock.now(), sequential: body.sequential })),
  );
  const argo = async (asked: z.infer<typeof argoSchema>): Promise<z.infer<typeof argoAnswer>> => {
    const found = await orInconclusive(judge(toAsked(asked, { toMs: clock.now(), sequential: true })));
    const { score, samples, reasons } = found;
    return { data: { verdict: found.verdict, score: score === null ? null : score / 100, samples, reasons } };
  };
  const argoSummary = 'The same for the web provider of Argo Rollouts: `jsonPath: "{$.data}"`, always 200.';
  typed(app).get(
    '/v1/judge/argo',
    {
      onRequest: guard('read'),
      schema: {
        summary: argoSummary,
        tags,
        querystring: argoSchema,
        response: { 200: argoAnswer, 400: problemSchema },
      },
    },
    ({ query }) => argo(query),
  );
  typed(app).post(
    '/v1/judge/argo',
    {
      onRequest: guard('read'),
      schema: { summary: argoSummary, tags, body: argoSchema, response: { 200: argoAnswer, 400: problemSchema } },
    },
    ({ body }) => argo(body),
  );
  typed(app).post(
    '/v1/judge/flagger',
    {
      onRequest: guard('read'),
      schema: {
        summary: 'The same as a webhook of Flagger: 200 means go on; for `type=rollback` it means roll back.',
        tags,
        querystring: z.object({ type: z.string().default('rollout').describe('Type of the webhook that calls.') }),
        body: flaggerSchema,
        response: { 200: flaggerAnswer, 400: problemSchema, 409: flaggerAnswer },
      },
    },
    async ({ body, query }, reply) => {
      const model = body.metadata.model ?? name.safeParse(body.name).data;
      if (model === undefined) throw new UsageError('metadata.model must name the model.');
      const asked = toAsked({ ...body.metadata, model }, { toMs: clock.now(), sequential: true });
      const found = await orInconclusive(judge(asked));
      const wanted = query.type === 'rollback' ? 'fail' : 'pass';
      const answer = { verdict: found.verdict, reasons: found.reasons };
      return reply.code(query.type === 'event' || found.verdict === wanted ? 200 : 409).send(answer);
    },
  );
}

function toAsked(
  asked: Pick<AskedCanary, 'model' | 'baseline' | 'canary'> & { readonly window: number },
  { toMs, sequential }: { readonly toMs: number; readonly sequential: boolean },
): AskedCanary {
  const { model, baseline, canary, window } = asked;
  return { model, baseline, canary, fromMs: toMs - window, toMs, sequential };
}

/** A rollout controller takes any other status for a fault of its own and gives up; what is not known yet is no fault. */
async function orInconclusive(
  judged: Promise<CanaryReport>,
): Promise<Pick<CanaryReport, 'verdict' | 'score' | 'samples' | 'reasons'>> {
  try {
    return await judged;
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { verdict: 'inconclusive', score: null, samples: 0, reasons: [error.message] };
  }
}
