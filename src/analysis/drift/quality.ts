import { type Level, worstLevel } from '../../stats/levels.ts';
import { benjaminiHochberg } from '../../stats/multiplicity.ts';
import { newCategories } from '../../stats/new-categories.ts';
import { outsideRangeP } from '../../stats/outside-range.ts';
import { overdispersion, phiAt } from '../../stats/overdispersion.ts';
import { twoProportion } from '../../stats/two-proportion.ts';
import type { FeatureWindow } from './profiles/profile.ts';

/** What missing and unseen values say about one feature, beside the distribution of the others. */
export interface Quality {
  readonly level: Level;
  readonly reasons: readonly string[];
  readonly details: Readonly<Record<string, number | null>>;
}

/**
 * Tests missing rates and unseen values of the features of one window, each kind as its own family.
 *
 * Missing: two-proportion test with the overdispersion of the reference windows, and a change of at least one point.
 * Unseen: categories against the Good-Turing mass of the reference; numbers outside the reference's range against how
 * often new extremes come by chance. Levels go by the share of rows concerned.
 *
 * @param q  Level of false-discovery control.
 */
export function assessQuality(features: readonly FeatureWindow[], q: number): readonly Quality[] {
  const missing = features.map(testMissing);
  const unseen = features.map(testUnseen);
  const missingP = benjaminiHochberg(
    missing.map((test) => test?.p ?? null),
    q,
  );
  const unseenP = benjaminiHochberg(
    unseen.map((test) => test?.p ?? null),
    q,
  );
  return features.map((feature, index): Quality => {
    const one = missing[index];
    const other = unseen[index];
    const missingLevel =
      one !== undefined && missingP.rejected[index] === true ? severity(Math.abs(one.diff), MISSING_FLOORS) : 'stable';
    const floors = feature.kind === 'categorical' ? UNSEEN_FLOORS : OUTSIDE_FLOORS;
    const unseenLevel =
      other !== undefined && unseenP.rejected[index] === true ? severity(other.share, floors) : 'stable';
    return {
      level: worstLevel([missingLevel, unseenLevel]),
      reasons: [
        ...(one === undefined || missingLevel === 'stable' ? [] : [missingSentence(feature)]),
        ...(other === undefined || unseenLevel === 'stable' ? [] : [unseenSentence(feature, other.share)]),
      ],
      details: {
        missing_p_adjusted: missingP.adjusted[index] ?? null,
        unseen_p_adjusted: unseenP.adjusted[index] ?? null,
      },
    };
  });
}

const MIN_ROWS = 100;
type Floors = { readonly minor: number; readonly moderate: number; readonly major: number };
const MISSING_FLOORS: Floors = { minor: 0.01, moderate: 0.05, major: 0.2 };
const UNSEEN_FLOORS: Floors = { minor: 0.001, moderate: 0.05, major: 0.2 };
const OUTSIDE_FLOORS: Floors = { minor: 0.01, moderate: 0.05, major: 0.2 };

function testMissing({ reference, current }: FeatureWindow): { readonly p: number; readonly diff: number } | undefined {
  if (reference.rows < MIN_ROWS || current.rows < MIN_ROWS) return undefined;
  const windows = reference.windows.map((window) => [window.rows - window.n, window.n]);
  const spread = windows.length >= 3 ? overdispersion(windows) : undefined;
  const phi = spread?.status === 'ok' ? phiAt({ phi: spread.phi, nBar: spread.nBar, n: current.rows }) : 1;
  const test = twoProportion(
    { k: reference.rows - reference.n, n: reference.rows },
    { k: current.rows - current.n, n: current.rows },
    { phi },
  );
  if (test.status === 'insufficient_data') return undefined;
  const excludesZero = test.ciLow > 0 || test.ciHigh < 0;
  return { p: excludesZero ? test.p : 1, diff: test.diff };
}

function testUnseen(feature: FeatureWindow): { readonly p: number; readonly share: number } | undefined {
  const { bins, reference, current, unseen } = feature;
  if (reference.n < MIN_ROWS || current.n < MIN_ROWS || bins === undefined) return undefined;
  const share = unseen / current.n;
  if (unseen === 0) return { p: 1, share };
  if (feature.kind === 'numeric') return { p: outsideRangeP(unseen, reference.n, current.n), share };
  const test = newCategories(
    new Map(bins.labels.map((label, index) => [label, bins.reference[index] ?? 0])),
    new Map([
      ...bins.labels.map((label, index): [string, number] => [label, bins.current[index] ?? 0]),
      ...bins.unseen.map((category): [string, number] => [category.name, category.count]),
    ]),
  );
  return test.status === 'ok' ? { p: test.p, share } : undefined;
}

function severity(share: number, floors: Floors): Level {
  if (share >= floors.major) return 'major';
  if (share >= floors.moderate) return 'moderate';
  return share >= floors.minor ? 'minor' : 'stable';
}

function missingSentence({ reference, current }: FeatureWindow): string {
  const rate = (side: { readonly rows: number; readonly n: number }): string => percent(1 - side.n / side.rows);
  return `Missing values went from ${rate(reference)} to ${rate(current)}.`;
}

function unseenSentence({ kind, bins }: FeatureWindow, share: number): string {
  if (kind === 'numeric') return `${percent(share)} of the values are outside the reference's range.`;
  const names = (bins?.unseen ?? []).slice(0, 3).map((category) => category.name || '(empty)');
  return `${percent(share)} of the values are categories the reference has not: ${names.join(', ')}.`;
}

function percent(share: number): string {
  return `${Number((100 * share).toPrecision(3))} %`;
}
