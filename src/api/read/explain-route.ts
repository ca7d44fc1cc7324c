import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { driftExplanations } from '../../store/queries/drift-explain.ts';
import { rollupDrift } from '../../store/queries/drift-rollup.ts';
import { problemSchema } from '../problem.ts';
import { knownModel } from './known-model.ts';
import { type ReadDependencies, typed } from './read-dependencies.ts';
import { reproducibleSql } from './reproducible-sql.ts';
import { modelParameters, rangeOf, rangeShape } from './request-schemas.ts';

const querySchema = z.object({
  ...rangeShape,
  feature: z.string().max(256).default('').describe('One feature; __score__ or __prediction__ for the prediction.'),
  limit: z.coerce.number().int().min(1).max(1000).default(50),
});

const answerSchema = z.array(
  z.object({
    feature: z.string(),
    from: z.string(),
    to: z.string(),
    level: z.string(),
    reason: z.string(),
    reference_version: z.number(),
    evidence: z.record(z.string(), z.unknown()).describe('Every number the verdict was taken on.'),
    sql: z.string().nullable().describe('Gives the counts and distances again when pasted into a ClickHouse client.'),
  }),
);

const evidenceSchema = z.record(z.string(), z.unknown());
const querySaved = z.object({
  query: z.object({
    name: z.literal(rollupDrift.name),
    parameters: z.object({
      models: z.array(z.string()),
      keys: z.array(z.number()),
      from: z.number(),
      to: z.number(),
      window: z.number(),
      version: z.string(),
    }),
  }),
});

/** Registers GET /v1/models/:model/drift/explain: why each closed window got its level, newest first. */
export async function registerExplainRoute(app: FastifyInstance, deps: ReadDependencies): Promise<void> {
  typed(app).get(
    '/v1/models/:model/drift/explain',
    {
      onRequest: deps.guard('read'),
      schema: {
        summary: 'Why the closed windows got their levels: the evidence, and the SQL that gives it again.',
        tags: ['read'],
        params: modelParameters,
        querystring: querySchema,
        response: { 200: answerSchema, 400: problemSchema, 404: problemSchema },
      },
    },
    async ({ params, query }) => {
      const known = await knownModel(deps.store, params.model);
      const range = rangeOf(query, { fromMs: known.firstMs, toMs: known.lastMs + DAY_MS });
      const rows = await deps.store.query(driftExplanations, {
        model: params.model,
        feature: query.feature,
        from: range.fromMs,
        to: range.toMs,
        limit: query.limit,
      });
      return rows.map((row) => ({
        feature: row.feature,
        from: new Date(row.from_ms).toISOString(),
        to: new Date(row.to_ms).toISOString(),
        level: row.level,
        reason: row.reason,
        reference_version: row.reference_version,
        ...evidenceOf(row.explain),
      }));
    },
  );
}

const DAY_MS = 86_400_000;

function evidenceOf(explain: string): { readonly evidence: Record<string, unknown>; readonly sql: string | null } {
  const evidence = evidenceSchema.parse(JSON.parse(explain));
  const saved = querySaved.safeParse(evidence);
  const sql = saved.success ? reproducibleSql('', rollupDrift, saved.data.query.parameters).sql : null;
  return { evidence, sql };
}
