import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { ServiceBucket } from '../../store/queries/latency.ts';
import { serviceByVersion } from '../../store/queries/latency.ts';
import { labelCounts, modelFeatures, modelReference } from '../../store/queries/models.ts';
import type { Store } from '../../store/store.ts';
import { problemSchema } from '../problem.ts';
import { type KnownModel, knownModel, knownModels, naturally } from './known-model.ts';
import { type ReadDependencies, typed } from './read-dependencies.ts';
import { type AskedRange, modelParameters, rangeOf, rangeShape } from './request-schemas.ts';

const modelSchema = z.object({
  model: z.string(),
  versions: z.array(z.string()),
  predictions: z.number().int(),
  labels: z.number().int().describe('Distinct labelled predictions.'),
  first_ts: z.iso.datetime().describe('Time of the earliest prediction.'),
  last_ts: z.iso.datetime().describe('Time of the latest prediction.'),
});

const seconds = z.number().nullable();
const versionSchema = z.object({
  version: z.string(),
  predictions: z.number().int(),
  errors: z.number().int(),
  error_ratio: z.number().nullable(),
  latency_p50_seconds: seconds,
  latency_p95_seconds: seconds,
  latency_p99_seconds: seconds,
  first_ts: z.iso.datetime(),
  last_ts: z.iso.datetime(),
});
const featureSchema = z.object({
  feature: z.string(),
  kind: z.enum(['numeric', 'categorical', 'mixed', 'missing']).describe('missing: only nulls were sent.'),
  values: z.number().int().describe('Predictions with a value.'),
  missing: z.number().int().describe('Predictions with null.'),
  first_ts: z.iso.datetime(),
  last_ts: z.iso.datetime(),
});
const referenceSchema = z.object({
  version: z.number().int(),
  kind: z.string(),
  rows: z.number().int(),
  from: z.iso.datetime().nullable().describe('Null unless the reference is a fixed range.'),
  to: z.iso.datetime().nullable(),
  created: z.iso.datetime(),
});
const detailSchema = modelSchema.extend({
  owner: z.string().nullable(),
  versions_detail: z
    .array(versionSchema)
    .describe('Counts, errors and latency by version in the asked range; quantiles within 1 %.'),
  features: z.array(featureSchema),
  reference: referenceSchema.nullable().describe('What drift is measured against.'),
  slo: z.record(z.string(), z.number()).describe('Configured objectives.'),
});

/** Registers GET /v1/models and /v1/models/:m. */
export async function registerModelRoutes(app: FastifyInstance, deps: ReadDependencies): Promise<void> {
  const { store, guard } = deps;
  typed(app).get(
    '/v1/models',
    {
      onRequest: guard('read'),
      schema: {
        summary: 'Lists the models that have sent predictions.',
        tags: ['read'],
        response: { 200: z.array(modelSchema) },
      },
    },
    async () => {
      const [models, labels] = await Promise.all([knownModels(store), countLabels(store, '')]);
      return models.map((model) => toModel(model, labels.get(model.model) ?? 0));
    },
  );
  typed(app).get(
    '/v1/models/:model',
    {
      onRequest: guard('read'),
      schema: {
        summary: 'Describes one model: versions, features, latency, errors, reference, objectives.',
        tags: ['read'],
        params: modelParameters,
        querystring: z.object(rangeShape),
        response: { 200: detailSchema, 404: problemSchema },
      },
    },
    async ({ params, query }) => describe(deps, params.model, query),
  );
}

async function describe(deps: ReadDependencies, name: string, asked: AskedRange) {
  const { store, models } = deps;
  const known = await knownModel(store, name);
  const { fromMs, toMs } = rangeOf(asked, { fromMs: known.firstMs, toMs: known.lastMs + 1 });
  const [labels, versions, features, references] = await Promise.all([
    countLabels(store, name),
    store.query(serviceByVersion, { model: name, from: fromMs, to: toMs }),
    store.query(modelFeatures, { model: name }),
    store.query(modelReference, { model: name }),
  ]);
  const configured = models.find((entry) => entry.name === name);
  return {
    ...toModel(known, labels.get(name) ?? 0),
    owner: configured?.owner ?? null,
    versions_detail: versions.map(toVersion).toSorted((a, b) => naturally(a.version, b.version)),
    features: features.map(toFeature),
    reference: toReference(references[0]),
    slo: Object.fromEntries(Object.entries(configured?.slo ?? {}).filter(([, value]) => value !== undefined)),
  };
}

async function countLabels(store: Store, model: string): Promise<ReadonlyMap<string, number>> {
  const rows = await store.query(labelCounts, { model });
  return new Map(rows.map((row) => [row.model, row.labels]));
}

function toModel(known: KnownModel, labels: number) {
  return {
    model: known.model,
    versions: [...known.versions],
    predictions: known.predictions,
    labels,
    first_ts: iso(known.firstMs),
    last_ts: iso(known.lastMs),
  };
}

type VersionRow = Omit<ServiceBucket, 'bucket_ms'> & {
  readonly version: string;
  readonly first_ms: number;
  readonly last_ms: number;
};

function toVersion(row: VersionRow) {
  const quantile = (index: number): number | null => {
    const ms = row.latencies === 0 ? null : (row.quantiles_ms[index] ?? null);
    return ms === null ? null : ms / 1000;
  };
  return {
    version: row.version,
    predictions: row.requests,
    errors: row.errors,
    error_ratio: row.requests === 0 ? null : row.errors / row.requests,
    latency_p50_seconds: quantile(0),
    latency_p95_seconds: quantile(1),
    latency_p99_seconds: quantile(2),
    first_ts: iso(row.first_ms),
    last_ts: iso(row.last_ms),
  };
}

function toFeature(row: {
  readonly feature: string;
  readonly kinds: readonly string[];
  readonly present: number;
  readonly missing: number;
  readonly first_ms: number;
  readonly last_ms: number;
}) {
  return {
    feature: row.feature,
    kind: kindOf(row.kinds),
    values: row.present,
    missing: row.missing,
    first_ts: iso(row.first_ms),
    last_ts: iso(row.last_ms),
  };
}

function kindOf(kinds: readonly string[]): 'numeric' | 'categorical' | 'mixed' | 'missing' {
  if (kinds.length > 1) return 'mixed';
  if (kinds.length === 0) return 'missing';
  return kinds[0] === 'numeric' ? 'numeric' : 'categorical';
}

function toReference(
  row:
    | {
        readonly version: number;
        readonly kind: string;
        readonly rows: number;
        readonly from_ms: number;
        readonly to_ms: number;
        readonly created_ms: number;
      }
    | undefined,
) {
  if (row === undefined) return null;
  const { version, kind, rows } = row;
  const isFixed = kind === 'fixed';
  return {
    version,
    kind,
    rows,
    from: isFixed ? iso(row.from_ms) : null,
    to: isFixed ? iso(row.to_ms) : null,
    created: iso(row.created_ms),
  };
}

function iso(timeMs: number): string {
  return new Date(timeMs).toISOString();
}
