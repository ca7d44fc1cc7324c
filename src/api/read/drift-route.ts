import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { PROFILE_IDS } from '../../analysis/drift/profiles/profile.ts';
import { LEVELS } from '../../stats/levels.ts';
import { problemSchema } from '../problem.ts';
import { knownModel } from './known-model.ts';
import { type ReadDependencies, typed } from './read-dependencies.ts';
import { modelParameters, rangeOf, rangeShape, versionSchema, windowSchema } from './request-schemas.ts';

const statistic = z.number().nullable();
const time = z.string().nullable();

// Loose: reports carry further evidence beside the keys of the contract.
const featureSchema = z.looseObject({
  feature: z.string(),
  kind: z.enum(['numeric', 'categorical']),
  n_reference: z.number(),
  n_current: z.number(),
  missing_reference: statistic,
  missing_current: statistic,
  unseen: statistic,
  statistics: z.record(z.string(), statistic),
  level: z.enum(LEVELS),
  reason: z.string(),
});
const reportSchema = z.looseObject({
  profile: z.string(),
  reference: z.looseObject({ rows: z.number(), from: time, to: time }),
  windows: z.array(
    z.looseObject({
      window: z.string(),
      from: time,
      to: time,
      rows: z.number(),
      features: z.array(featureSchema),
      prediction: featureSchema.nullable(),
      drifted: z.array(z.string()),
      level: z.enum(LEVELS),
    }),
  ),
});

const namesSchema = z
  .union([z.string(), z.array(z.string())])
  .optional()
  .transform((names) => (typeof names === 'string' ? [names] : names));

const querySchema = z.object({
  ...rangeShape,
  from: rangeShape.from.describe(
    'Begin of the range. Absent: the first prediction, where the reference is a file, a range or a version; else a day before the end, or the later half of what there is, compared with what came before.',
  ),
  window: windowSchema.default('all'),
  version: versionSchema,
  profile: z.enum(PROFILE_IDS).default('robust').describe('Whose rules bin and judge.'),
  compare_profiles: z.stringbool().default(false).describe('Shows beside what every other profile says.'),
  segment: z
    .string()
    .min(1)
    .max(256)
    .optional()
    .describe('Name of a segment or feature: the same by its values, and what comes from their mix.'),
  categorical: namesSchema.describe('Features that are categories; may be repeated.'),
  numeric: namesSchema.describe('Features that are numbers; may be repeated.'),
  budget: z.coerce.number().positive().max(1000).optional().describe('False alarms a month that are acceptable.'),
});

/** Registers GET /v1/models/:model/drift: each feature and the prediction against the reference, by window. */
export async function registerDriftRoute(app: FastifyInstance, deps: ReadDependencies): Promise<void> {
  typed(app).get(
    '/v1/models/:model/drift',
    {
      onRequest: deps.guard('read'),
      schema: {
        summary: 'Drift of every feature and of the prediction against the reference.',
        tags: ['read'],
        params: modelParameters,
        querystring: querySchema,
        response: { 200: reportSchema, 400: problemSchema, 404: problemSchema },
      },
    },
    async ({ params, query }) => {
      const known = await knownModel(deps.store, params.model);
      const { window, version, profile, segment, categorical, numeric } = query;
      const { toMs } = rangeOf(query, { fromMs: known.firstMs, toMs: known.lastMs + 1 });
      const report = await deps.driftForRange({
        model: params.model,
        fromMs: query.from,
        firstMs: known.firstMs,
        toMs,
        window,
        version,
        profile,
        compareProfiles: query.compare_profiles,
        segment,
        categorical,
        numeric,
        budgetPerMonth: query.budget,
      });
      return reportSchema.parse(report);
    },
  );
}
