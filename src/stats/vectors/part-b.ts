import { z } from 'zod';
import { auc } from '../auc.ts';
import { aucBinned } from '../auc-binned.ts';
import { aucCompare } from '../auc-compare.ts';
import { aucPaired } from '../auc-paired.ts';
import { bestSplit } from '../best-split.ts';
import { bootstrapDiff } from '../bootstrap-diff.ts';
import { canaryJudge } from '../canary-judge.ts';
import { type CanaryPolicy, type CanarySample, canaryMetric } from '../canary-metric.ts';
import { cbpe } from '../cbpe.ts';
import { classificationMetrics, confusionCounts } from '../classification-metrics.ts';
import { cusum } from '../cusum.ts';
import { cusumArl } from '../cusum-arl.ts';
import { eCusum } from '../e-cusum.ts';
import { lagTest } from '../lag-test.ts';
import { mannWhitney } from '../mann-whitney.ts';
import { msprtBernoulli } from '../msprt-bernoulli.ts';
import { msprtNormal } from '../msprt-normal.ts';
import { noiseSd } from '../noise-sd.ts';
import { optimalPartition } from '../optimal-partition.ts';
import { pageHinkley } from '../page-hinkley.ts';
import { partialLabels } from '../partial-labels.ts';
import { probMetrics } from '../prob-metrics.ts';
import { regressionMetrics } from '../regression-metrics.ts';
import { rootCause } from '../root-cause.ts';
import { finiteMean } from '../scale.ts';
import { normalQuantile } from '../special.ts';
import {
  booleanParam,
  decodeEvents,
  decodeFinite,
  decodeMoments,
  decodePValues,
  decodeRegression,
  decodeScored,
  decodeValues,
  isValues,
  numberParam,
  parse,
  stringParam,
} from './input.ts';
import { snakeKeys } from './snake-keys.ts';
import type { VectorInput, VectorRegistry } from './types.ts';

/** Adapters of the performance, canary, sequential and root-cause statistics, by the names of the golden file. */
export const partB: VectorRegistry = {
  mann_whitney: ({ reference, current }) => withoutNulls(mannWhitney(decodeFinite(reference), decodeFinite(current))),
  canary_metric: (input) => ({ ...canaryMetric(canarySample(input), canaryPolicy(input)) }),
  canary_judge: (input) => ({
    ...canaryJudge(parse(judgedMetrics, input.current).metrics, {
      passScore: numberParam(input, 'pass_score', 95),
      marginalScore: numberParam(input, 'marginal_score', 75),
    }),
  }),
  auc: ({ current }) => named(auc(decodeScored(current))),
  auc_binned: ({ current }) => {
    const { positives, negatives } = parse(histograms, current);
    return named(aucBinned(positives, negatives));
  },
  auc_compare: ({ reference, current }) => named(aucCompare(decodeScored(reference), decodeScored(current))),
  auc_paired: ({ reference, current }) => {
    const champion = decodeScored(reference);
    return named(
      aucPaired({ labels: champion.labels, champion: champion.scores, challenger: decodeScored(current).scores }),
    );
  },
  prob_metrics: (input) => named(probMetrics(decodeScored(input.current), numberParam(input, 'bins', 10))),
  classification_metrics: ({ current }) => {
    const { labels, predictions } = parse(predictedLabels, current);
    return named(classificationMetrics(confusionCounts(labels, predictions)));
  },
  regression_metrics: ({ current }) => {
    const { actual, predicted } = decodeRegression(current);
    return named(regressionMetrics(actual, predicted));
  },
  partial_labels: ({ current }) => named(partialLabels(parse(labelCounts, current))),
  cbpe: (input) =>
    named(
      cbpe(probabilities(input.current), numberParam(input, 'threshold', 0.5), {
        z: numberParam(input, 'z', normalQuantile(0.975)),
        referenceEce: numberParam(input, 'ece_ref', 0),
      }),
    ),
  bootstrap_diff: (input) =>
    named(
      bootstrapDiff({
        reference: decodeFinite(input.reference),
        current: decodeFinite(input.current),
        metric: finiteMean,
        resamples: numberParam(input, 'resamples', 1000),
        seed: numberParam(input, 'seed', 1),
        alpha: numberParam(input, 'alpha', 0.05),
      }),
    ),
  msprt_normal: (input) =>
    named(msprtNormal(decodeMoments(input.reference), decodeMoments(input.current), msprtPolicy(input))),
  msprt_bernoulli: (input) =>
    named(msprtBernoulli(decodeEvents(input.reference), decodeEvents(input.current), msprtPolicy(input))),
  cusum: (input) =>
    named(
      cusum(decodeValues(input.current), {
        k: numberParam(input, 'k', 0.5),
        h: numberParam(input, 'h', 5),
        twoSided: booleanParam(input, 'two_sided', true),
      }),
    ),
  cusum_arl: (input) => ({ arl0: cusumArl(numberParam(input, 'k', 0.5), numberParam(input, 'h', 5)) }),
  page_hinkley: (input) =>
    named(
      pageHinkley(decodeValues(input.current), {
        delta: numberParam(input, 'delta'),
        lambda: numberParam(input, 'lambda'),
      }),
    ),
  e_cusum: (input) =>
    named(
      eCusum(decodePValues(input.current), {
        kappa: numberParam(input, 'kappa', 0.5),
        threshold: numberParam(input, 'threshold', 720),
      }),
    ),
  noise_sd: ({ current }) => named(noiseSd(decodeFinite(current))),
  best_split: (input) => named(bestSplit(decodeNumbers(input.current), numberParam(input, 'min_seg', 5))),
  optimal_partition: (input) =>
    named(
      optimalPartition(decodeNumbers(input.current), {
        penalty: numberParam(input, 'penalty'),
        minSegment: numberParam(input, 'min_seg', 5),
      }),
    ),
  lag_test: (input) =>
    named(lagTest(decodeValues(input.reference), decodeValues(input.current), numberParam(input, 'max_lag'))),
  root_cause: ({ current }) => {
    const ranked = rootCause(parse(suspects, current).features);
    return {
      contributions: Object.fromEntries(ranked.map(({ name, contribution }) => [name, contribution])),
      ranking: ranked.map(({ name }) => name),
    };
  },
};

const classification = z.enum(['pass', 'marginal', 'fail', 'nodata']);
const judgedMetrics = z.object({
  metrics: z.array(z.object({ classification, weight: z.number().default(1), critical: z.boolean().default(false) })),
});
const histograms = z.object({ positives: z.array(z.number()), negatives: z.array(z.number()) });
const predictedLabels = z.object({ labels: z.array(z.number()), predictions: z.array(z.number()) });
const labelCounts = z.object({ n: z.number(), labeled: z.number(), correct: z.number() });
const scoreList = z.object({ scores: z.array(z.number()) });
const suspects = z.object({
  features: z.array(
    z
      .object({
        name: z.string(),
        importance: z.number(),
        psi_corrected: z.number().nullable(),
        onset: z.number().nullable().default(null),
      })
      .transform(({ psi_corrected: psiCorrected, ...rest }) => ({ ...rest, psiCorrected })),
  ),
});

/** Names a result as the golden file does; DeLong's variance is called `var` there. */
function named(result: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { variance, ...rest } = snakeKeys(result);
  return variance === undefined ? rest : { ...rest, var: variance };
}

/** Leaves out the optional fields that were not computed. */
function withoutNulls(result: ReturnType<typeof mannWhitney>): Readonly<Record<string, unknown>> {
  const { pExact, hodgesLehmann, ...rest } = result;
  return named({
    ...rest,
    ...(pExact === null ? {} : { pExact }),
    ...(hodgesLehmann === null ? {} : { hodgesLehmann }),
  });
}

function canarySample(input: VectorInput): CanarySample {
  const { reference, current } = input;
  return stringParam(input, 'kind') === 'proportion'
    ? { kind: 'proportion', baseline: decodeEvents(reference), canary: decodeEvents(current) }
    : { kind: 'distribution', baseline: decodeFinite(reference), canary: decodeFinite(current) };
}

function canaryPolicy(input: VectorInput): CanaryPolicy {
  return {
    direction: parse(z.enum(['increase', 'decrease', 'either']), input.params['direction']),
    alpha: numberParam(input, 'alpha'),
    minN: numberParam(input, 'min_n'),
    marginalEffect: numberParam(input, 'marginal_effect'),
    failEffect: numberParam(input, 'fail_effect'),
  };
}

function msprtPolicy(input: VectorInput): { readonly tau2: number; readonly alpha: number } {
  return { tau2: numberParam(input, 'tau2'), alpha: numberParam(input, 'alpha', 0.05) };
}

function probabilities(side: unknown): readonly number[] {
  return isValues(side) ? decodeFinite(side) : parse(scoreList, side).scores;
}

/** Returns values in their places; what is missing is NaN. */
function decodeNumbers(side: unknown): readonly number[] {
  return decodeValues(side).map((value) => value ?? Number.NaN);
}
