import { alarmBudget } from '../alarm-budget.ts';
import { alarmStateMachine } from '../alarm-state-machine.ts';
import { andersonDarling } from '../anderson-darling.ts';
import { binCounts } from '../bin-counts.ts';
import { categoryPool } from '../category-pool.ts';
import { chi2 } from '../chi2.ts';
import { clean, type Sample } from '../clean.ts';
import { cvm } from '../cvm.ts';
import { effectiveSampleSize } from '../effective-sample-size.ts';
import { energy } from '../energy.ts';
import { energyBinned } from '../energy-binned.ts';
import { hellinger } from '../hellinger.ts';
import { jsDistance } from '../js-distance.ts';
import { ks } from '../ks.ts';
import { ksBinned } from '../ks-binned.ts';
import { ksCritical } from '../ks-critical.ts';
import { isLevel } from '../levels.ts';
import { meanShift } from '../mean-shift.ts';
import { minDetectable } from '../min-detectable.ts';
import { type Adjusted, benjaminiHochberg, benjaminiYekutieli } from '../multiplicity.ts';
import { newCategories } from '../new-categories.ts';
import { overdispersedP } from '../overdispersed-p.ts';
import { overdispersion } from '../overdispersion.ts';
import { psi } from '../psi.ts';
import { psiThreshold } from '../psi-threshold.ts';
import { quantileEdges } from '../quantile-edges.ts';
import { tv } from '../tv.ts';
import { twoProportion } from '../two-proportion.ts';
import { varianceShift } from '../variance-shift.ts';
import { wasserstein } from '../wasserstein.ts';
import { wassersteinBinned } from '../wasserstein-binned.ts';
import { alignedCounts } from './aligned-counts.ts';
import { driftVerdictCase } from './drift-verdict-case.ts';
import { generatorCase, lcgCase } from './generator-case.ts';
import {
  decodeCategories,
  decodeEvents,
  decodeFinite,
  decodeLevels,
  decodePValues,
  decodeValues,
  decodeWindows,
  numberParam,
  numbersParam,
  stringParam,
} from './input.ts';
import { snakeKeys } from './snake-keys.ts';
import type { VectorAdapter, VectorInput, VectorRegistry } from './types.ts';

/** Adapters of the two-sample statistics, the bins, the corrections and the verdict. */
export const partA: VectorRegistry = {
  lcg: lcgCase,
  generator: generatorCase,
  clean: ({ reference }) => snakeKeys(clean(decodeValues(reference))),
  quantile_edges: (input) => snakeKeys(quantileEdges(decodeFinite(input.reference), numberParam(input, 'bins'))),
  bin_counts: (input) => ({ counts: binCounts(decodeFinite(input.current), numbersParam(input, 'edges') ?? []) }),
  psi: psiCase,
  psi_threshold: (input) =>
    snakeKeys(psiThreshold({ ...sizes(input), bins: numberParam(input, 'bins'), alpha: numberParam(input, 'alpha') })),
  ks_critical: (input) => ({ d_crit: ksCritical({ ...sizes(input), alpha: numberParam(input, 'alpha') }) }),
  ks: twoSamples(ks),
  wasserstein: twoSamples(wasserstein),
  energy: twoSamples(energy),
  cvm: twoSamples(cvm),
  anderson_darling: twoSamples(andersonDarling),
  mean_shift: twoSamples(meanShift),
  variance_shift: twoSamples(varianceShift),
  ks_binned: twoHistograms(ksBinned),
  js_distance: twoHistograms(jsDistance),
  hellinger: twoHistograms(hellinger),
  tv: twoHistograms(tv),
  chi2: twoHistograms(chi2),
  wasserstein_binned: withEdges(wassersteinBinned),
  energy_binned: withEdges(energyBinned),
  two_proportion: ({ reference, current }) => snakeKeys(twoProportion(decodeEvents(reference), decodeEvents(current))),
  new_categories: ({ reference, current }) =>
    snakeKeys(newCategories(decodeCategories(reference), decodeCategories(current))),
  category_pool: categoryPoolCase,
  benjamini_hochberg: corrected(benjaminiHochberg),
  benjamini_yekutieli: corrected(benjaminiYekutieli),
  effective_sample_size: ({ current }) => snakeKeys(effectiveSampleSize(decodeFinite(current))),
  overdispersion: ({ reference }) => snakeKeys(overdispersion(decodeWindows(reference))),
  overdispersed_p: (input) => ({ p: overdispersedP({ ...dispersion(input), x2: numberParam(input, 'x2') }) }),
  min_detectable: (input) =>
    snakeKeys(minDetectable({ ...dispersion(input), ...sizes(input), p: numberParam(input, 'p') })),
  alarm_budget: (input) => ({
    q: alarmBudget({
      budgetPerMonth: numberParam(input, 'budget_per_month'),
      share: numberParam(input, 'share'),
      windowHours: numberParam(input, 'window_hours'),
    }),
  }),
  alarm_state_machine: alarmCase,
  drift_verdict: driftVerdictCase,
};

function twoSamples(
  statistic: (reference: Sample, current: Sample) => Readonly<Record<string, unknown>>,
): VectorAdapter {
  return ({ reference, current }) => snakeKeys(statistic(decodeFinite(reference), decodeFinite(current)));
}

function twoHistograms(
  statistic: (reference: readonly number[], current: readonly number[]) => Readonly<Record<string, unknown>>,
): VectorAdapter {
  return (input) => {
    const sides = alignedCounts(input);
    return snakeKeys(statistic(sides.reference, sides.current));
  };
}

function withEdges(
  statistic: (
    reference: readonly number[],
    current: readonly number[],
    edges?: readonly number[],
  ) => Readonly<Record<string, unknown>>,
): VectorAdapter {
  return (input) => {
    const sides = alignedCounts(input);
    return snakeKeys(statistic(sides.reference, sides.current, numbersParam(input, 'edges')));
  };
}

function corrected(control: (pValues: readonly (number | null)[], q: number) => Adjusted): VectorAdapter {
  return (input) => snakeKeys(control(decodePValues(input.current), numberParam(input, 'q')));
}

function psiCase(input: VectorInput): Readonly<Record<string, unknown>> {
  const sides = alignedCounts(input);
  const mode = stringParam(input, 'mode', 'smooth') === 'epsilon' ? 'epsilon' : 'smooth';
  const epsilon = numberParam(input, 'eps', 1e-4);
  return snakeKeys(psi(sides.reference, sides.current, { mode, epsilon, phi: numberParam(input, 'phi', 1) }));
}

function categoryPoolCase(input: VectorInput): Readonly<Record<string, unknown>> {
  const pooled = categoryPool(decodeCategories(input.reference), decodeCategories(input.current), {
    nominalRows: numberParam(input, 'n_nominal'),
    minExpected: numberParam(input, 'min_expected', 10),
    maxCategories: numberParam(input, 'max_categories', 100),
  });
  return snakeKeys(pooled);
}

function alarmCase(input: VectorInput): Readonly<Record<string, unknown>> {
  const floor = stringParam(input, 'floor_level', 'minor');
  return alarmStateMachine(
    decodeLevels(input.current).map((level) => (isLevel(level) ? level : null)),
    {
      raiseCount: numberParam(input, 'raise_k', 2),
      raiseWindows: numberParam(input, 'raise_w', 3),
      clearCount: numberParam(input, 'clear_c', 3),
      ...(isLevel(floor) ? { floor } : {}),
    },
  );
}

function sizes(input: VectorInput): { readonly n: number; readonly m: number } {
  return { n: numberParam(input, 'n'), m: numberParam(input, 'm') };
}

function dispersion(input: VectorInput): { readonly df: number; readonly phi: number; readonly v: number } {
  return { df: numberParam(input, 'df'), phi: numberParam(input, 'phi', 1), v: numberParam(input, 'v') };
}
