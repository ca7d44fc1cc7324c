import { UsageError } from '../../core/errors.ts';
import { canaryJudge } from '../../stats/canary-judge.ts';
import type { CanaryClassification } from '../../stats/canary-metric.ts';
import type { FeatureFloors } from '../../stats/levels.ts';
import {
  type CanaryArm,
  canaryArms,
  canaryLatencies,
  firstPredictions,
  versionsInRange,
} from '../../store/queries/canary.ts';
import type { Store } from '../../store/store.ts';
import { performanceWindows, type PredictionTask } from '../performance.ts';
import { type CanaryTests, judgeLatency, judgeRatio } from './canary-metrics.ts';
import type { CanaryMetricReport, CanaryReport } from './canary-report.ts';
import { judgeDistributions } from './judge-inputs.ts';

export interface CanaryRequest {
  readonly store: Store;
  readonly model: string;
  /** Undefined: the version with the most predictions in the window beside the canary. */
  readonly baseline?: string | undefined;
  /** Undefined: the version whose first prediction is the latest. */
  readonly canary?: string | undefined;
  readonly fromMs: number;
  /** Exclusive. */
  readonly toMs: number;
  /** For those who ask again and again: before the whole window is there, a difference must satisfy a sequential test. */
  readonly sequential: boolean;
  /** What `slow` means; undefined leaves that metric out. */
  readonly latencyLimitSeconds?: number | undefined;
  readonly task?: PredictionTask | undefined;
  readonly floors?: FeatureFloors | undefined;
}

/**
 * Judges a canary version of a model against a baseline over the same minutes, beginning with the canary's first
 * prediction in the window.
 *
 * @throws UsageError when the versions are the same, or cannot be told without being named
 */
export async function judgeCanary(request: CanaryRequest): Promise<CanaryReport> {
  const { store, model, toMs, sequential } = request;
  const { baseline, canary } = await chooseVersions(request);
  const versions = [baseline, canary];
  const firsts = await store.query(firstPredictions, { model, versions, from: request.fromMs, to: toMs });
  const fromMs = Math.max(request.fromMs, ...firsts.map(({ first_ms }) => floorToMinute(first_ms)));
  const range = { model, versions, from: fromMs, to: toMs };
  const rows = await store.query(canaryArms, { ...range, limit_ms: (request.latencyLimitSeconds ?? 0) * 1000 });
  const arms = { baseline: armOf(rows, baseline), canary: armOf(rows, canary) };
  // The whole window is looked at once; before it is there, one may look any number of times.
  const isEarly = sequential && fromMs > request.fromMs;
  const metrics = await judgeMetrics({ ...request, fromMs, sequential: isEarly }, arms);
  const { verdict, score } = canaryJudge(metrics);
  const tooEarly = isEarly && verdict === 'pass';
  const waiting = `It is too early to pass: ${minutes(toMs - fromMs)} of ${minutes(toMs - request.fromMs)} minutes were seen.`;
  const plain = verdict === 'marginal' || tooEarly ? 'inconclusive' : verdict;
  return {
    verdict: plain,
    score,
    model,
    baseline: { version: baseline, predictions: arms.baseline.predictions },
    canary: { version: canary, predictions: arms.canary.predictions },
    window: { from: new Date(fromMs).toISOString(), to: new Date(toMs).toISOString() },
    sequential,
    samples: arms.baseline.predictions + arms.canary.predictions,
    metrics,
    reasons: plain === 'pass' ? [] : [...reasonsOf(metrics), ...(tooEarly ? [waiting] : [])],
  };
}

interface Arms {
  readonly baseline: CanaryArm;
  readonly canary: CanaryArm;
}

async function chooseVersions(request: CanaryRequest): Promise<{ baseline: string; canary: string }> {
  const { store, model, fromMs, toMs } = request;
  const canary = request.canary ?? (await newestVersion(request));
  if (canary === undefined) {
    throw new UsageError(`${model} has only one version in this window: name the baseline and the canary.`);
  }
  const used = await store.query(versionsInRange, { model, from: fromMs, to: toMs });
  const baseline = request.baseline ?? used.find(({ version }) => version !== canary)?.version;
  if (baseline === undefined) throw new UsageError(`${model} has no version beside ${canary} in this window.`);
  if (baseline === canary) throw new UsageError(`Baseline and canary are both version ${canary}.`);
  return { baseline, canary };
}

async function newestVersion(request: CanaryRequest): Promise<string | undefined> {
  const { store, model, fromMs, toMs, baseline } = request;
  const used = await store.query(versionsInRange, { model, from: fromMs, to: toMs });
  const versions = used.map(({ version }) => version).filter((version) => version !== baseline);
  if (versions.length + (baseline === undefined ? 0 : 1) < 2) return undefined;
  // A version's first prediction ever, not that of this window.
  const firsts = await store.query(firstPredictions, { model, versions, from: 0, to: toMs });
  return firsts.toSorted((a, b) => b.first_ms - a.first_ms)[0]?.version;
}

async function judgeMetrics(request: CanaryRequest, arms: Arms): Promise<readonly CanaryMetricReport[]> {
  const { store, model, latencyLimitSeconds, sequential, fromMs, toMs } = request;
  const { baseline, canary } = arms;
  const versions = [baseline.version, canary.version];
  const steps = await store.query(canaryLatencies, {
    model,
    versions,
    baseline: baseline.version,
    from: fromMs,
    to: toMs,
  });
  const quality = await judgeAccuracy(request, arms);
  const hasLimit = latencyLimitSeconds !== undefined;
  const tests: CanaryTests = { sequential, metricCount: 3 + Number(hasLimit) + Number(quality !== undefined) };
  const counted = (metric: 'error_ratio' | 'missing_ratio', key: 'errors' | 'with_missing', meaning: string) =>
    judgeRatio(
      {
        metric,
        direction: 'increase',
        weight: metric === 'error_ratio' ? 2 : 1,
        critical: metric === 'error_ratio',
        baseline: { k: baseline[key], n: baseline.predictions },
        canary: { k: canary[key], n: canary.predictions },
        meaning,
      },
      tests,
    );
  const counts = { baseline: steps.map((step) => step.baseline), canary: steps.map((step) => step.canary) };
  return [
    counted('error_ratio', 'errors', 'of the predictions failed'),
    judgeLatency(arms, counts, tests),
    ...(hasLimit ? [judgeSlow(arms, latencyLimitSeconds, tests)] : []),
    counted('missing_ratio', 'with_missing', 'of the predictions lack a feature'),
    ...(quality === undefined ? [] : [judgeRatio(quality, tests)]),
    ...(await judgeDistributions({
      store,
      model,
      baseline: baseline.version,
      canary: canary.version,
      fromMs,
      toMs,
      floors: request.floors,
    })),
  ];
}

function judgeSlow({ baseline, canary }: Arms, limitSeconds: number, tests: CanaryTests): CanaryMetricReport {
  return judgeRatio(
    {
      metric: 'slow_ratio',
      direction: 'increase',
      weight: 1,
      critical: true,
      baseline: { k: baseline.slow, n: baseline.timed },
      canary: { k: canary.slow, n: canary.timed },
      meaning: `of the predictions took longer than ${limitSeconds} s`,
    },
    tests,
  );
}

/** Undefined where labels do not say which class was right. */
async function judgeAccuracy(
  request: CanaryRequest,
  arms: Arms,
): Promise<Parameters<typeof judgeRatio>[0] | undefined> {
  const of = async (version: string) => {
    const { store, model, fromMs, toMs, task } = request;
    const [whole] = await performanceWindows(store, { model, version, window: 'all', fromMs, toMs, task });
    return whole === undefined || whole.accuracy === null
      ? { k: 0, n: 0 }
      : { k: Math.round(whole.accuracy * whole.labeled), n: whole.labeled };
  };
  const baseline = await of(arms.baseline.version);
  const canary = await of(arms.canary.version);
  if (Math.min(baseline.n, canary.n) === 0) return undefined;
  const meaning = 'of the labelled predictions were right';
  return { metric: 'accuracy', direction: 'decrease', weight: 2, critical: false, baseline, canary, meaning };
}

function armOf(rows: readonly CanaryArm[], version: string): CanaryArm {
  const found = rows.find((row) => row.version === version);
  if (found !== undefined) return found;
  const none = { predictions: 0, errors: 0, with_missing: 0, timed: 0, slow: 0 };
  return { version, ...none, median_ms: null, log_mean: null, log_variance: null };
}

const WORST_FIRST: readonly CanaryClassification[] = ['fail', 'marginal', 'nodata'];

function reasonsOf(metrics: readonly CanaryMetricReport[]): readonly string[] {
  return WORST_FIRST.flatMap((wanted) => metrics.filter(({ classification }) => classification === wanted)).map(
    ({ metric, classification, reason }) => `${metric}: ${classification}. ${reason}`,
  );
}

function floorToMinute(ms: number): number {
  return Math.floor(ms / 60_000) * 60_000;
}

function minutes(ms: number): number {
  return Math.round(ms / 60_000);
}
