import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { type PerformanceWindow, performanceWindows } from '../../analysis/performance.ts';
import { problemSchema } from '../problem.ts';
import { knownModel } from './known-model.ts';
import { type ReadDependencies, typed } from './read-dependencies.ts';
import {
  modelParameters,
  momentSchema,
  rangeOf,
  rangeShape,
  segmentSchema,
  versionSchema,
  windowSchema,
} from './request-schemas.ts';

const metric = z.number().nullable();
const performanceSchema = z.object({
  window: z.string().describe('all, 2026-05-03T10, 2026-05-03, 2026-W18 or 2026-05, in UTC.'),
  from: z.iso.datetime(),
  to: z.iso.datetime(),
  version: z.string().optional(),
  predictions: z.number().int().describe('Predictions of status ok.'),
  labeled: z.number().int().describe('Those whose label has come.'),
  label_coverage: metric,
  accuracy: metric,
  precision: metric,
  recall: metric,
  f1: metric,
  auc: metric,
  log_loss: metric,
  brier: metric,
  mae: metric,
  rmse: metric,
  r2: metric,
  bias: metric,
});

const querySchema = z.object({
  ...rangeShape,
  window: windowSchema.default('all'),
  version: versionSchema,
  segment: segmentSchema,
  as_of: z
    .union([z.literal('window_end'), momentSchema])
    .optional()
    .describe('Count only labels that had come by this time, or by the end of each window.'),
});

/** Registers GET /v1/models/:model/performance: quality of labelled predictions by window of the prediction's time. */
export async function registerPerformanceRoute(app: FastifyInstance, deps: ReadDependencies): Promise<void> {
  const { store, models, guard } = deps;
  typed(app).get(
    '/v1/models/:model/performance',
    {
      onRequest: guard('read'),
      schema: {
        summary: 'Quality by window, with the share of predictions whose label has come.',
        tags: ['read'],
        params: modelParameters,
        querystring: querySchema,
        response: { 200: z.array(performanceSchema), 400: problemSchema, 404: problemSchema },
      },
    },
    async ({ params, query }) => {
      const known = await knownModel(store, params.model);
      const windows = await performanceWindows(store, {
        model: params.model,
        version: query.version,
        segment: query.segment,
        window: query.window,
        ...rangeOf(query, { fromMs: known.firstMs, toMs: known.lastMs + 1 }),
        task: models.find((entry) => entry.name === params.model)?.task,
        labelsBefore: query.as_of,
      });
      return windows.map((window) => toJson(window, query.version));
    },
  );
}

function toJson(row: PerformanceWindow, version: string | undefined) {
  return {
    window: row.window,
    from: new Date(row.fromMs).toISOString(),
    to: new Date(row.toMs).toISOString(),
    ...(version === undefined ? {} : { version }),
    predictions: row.predictions,
    labeled: row.labeled,
    label_coverage: row.labelCoverage,
    accuracy: row.accuracy,
    precision: row.precision,
    recall: row.recall,
    f1: row.f1,
    auc: row.auc,
    log_loss: row.logLoss,
    brier: row.brier,
    mae: row.mae,
    rmse: row.rmse,
    r2: row.r2,
    bias: row.bias,
  };
}
