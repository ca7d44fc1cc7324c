import { alarmBudget } from '../../stats/alarm-budget.ts';
import { type FeatureFloors, isAtLeast, worstLevel } from '../../stats/levels.ts';
import type { Facts } from './facts.ts';
import { createFrame, dropFrame, type Frame, type FrameOptions } from './frame.ts';
import type { KindOverrides } from './kind.ts';
import { type Measured, measure } from './measure.ts';
import type { FeatureWindow, Judgement, Profile, ProfileId } from './profiles/profile.ts';
import { PROFILES } from './profiles/registry.ts';
import { type Judged, judgeWindows } from './judge-windows.ts';
import type { BinReport, DriftReport, FeatureReport, OtherProfile, WindowReport } from './report.ts';
import { readSegments, type SegmentedWindow } from './segments.ts';
import { NO_TIME, type Window, type WindowUnit, windowAt, windowHours } from './windows.ts';

export interface CompareOptions extends FrameOptions {
  readonly profile: ProfileId;
  /** Profiles whose verdicts are shown beside. */
  readonly beside: readonly ProfileId[];
  readonly overrides: KindOverrides;
  /** False alarms a month that are acceptable. */
  readonly budgetPerMonth: number;
  /** Where levels start; the default floors when absent. */
  readonly floors?: FeatureFloors | undefined;
}

/** What the comparison left out, for the user to know. */
export interface Notices {
  readonly skipped: Frame['skipped'];
  /** Current rows that are in no window because they have no time. */
  readonly rowsWithoutTime: number;
}

/**
 * Compares current rows with reference rows, feature by feature and window by window, all row work in ClickHouse.
 *
 * @throws UsageError  when a side cannot be read or there is nothing to compare
 */
export async function compareDrift(
  options: CompareOptions,
): Promise<{ readonly report: DriftReport; readonly notices: Notices }> {
  const { session, floors } = options;
  try {
    const frame = await createFrame(options);
    const profiles = [options.profile, ...options.beside].map((id) => PROFILES[id]);
    const measured = await measure({ session, frame, overrides: options.overrides, profiles });
    const q = levelOfLooks(options.window, options.budgetPerMonth);
    const profile = PROFILES[options.profile];
    const judged = await judgeWindows({ session, measured, profile, q, floors });
    const beside = new Map<number, OtherProfile[]>();
    for (const id of options.beside) {
      const other = PROFILES[id];
      for (const [key, found] of await judgeWindows({ session, measured, profile: other, q, floors })) {
        beside.set(key, [...(beside.get(key) ?? []), toOther(other, found)]);
      }
    }
    const segments = frame.segmented ? await readSegments({ session, measured, profile, q, floors }) : undefined;
    const dated = measured.current.filter((facts) => options.window === 'all' || facts.key !== NO_TIME);
    const windows = dated.map((facts) =>
      toWindow({
        facts,
        frame,
        found: judged.get(facts.key),
        beside: beside.get(facts.key),
        segments: segments?.get(facts.key),
      }),
    );
    const undated = options.window === 'all' ? 0 : (measured.current.find((facts) => facts.key === NO_TIME)?.rows ?? 0);
    return {
      report: { profile: profile.id, reference: referenceOf(measured), windows, sql: session.statements },
      notices: { skipped: frame.skipped, rowsWithoutTime: undated },
    };
  } finally {
    await dropFrame(session, options.table);
  }
}

const MAX_LEVEL = 0.05;
const MAX_BINS = 100;

// A budget of false alarms a month spread over the looks of a month; long windows have few looks, so their level is capped.
function levelOfLooks(unit: WindowUnit, budgetPerMonth: number): number {
  if (unit === 'all') return MAX_LEVEL;
  return Math.min(MAX_LEVEL, alarmBudget({ budgetPerMonth, share: 1, windowHours: windowHours(unit) }));
}

function toWindow(input: {
  readonly facts: Facts;
  readonly frame: Frame;
  readonly found: Judged | undefined;
  readonly beside: readonly OtherProfile[] | undefined;
  readonly segments: SegmentedWindow | undefined;
}): WindowReport {
  const { facts, frame, found = [], beside, segments } = input;
  const window = describeWindow(frame.unit, facts);
  const features = found.filter((entry) => !entry.prediction).map(toFeatureReport);
  const prediction = found.filter((entry) => entry.prediction).map(toFeatureReport)[0] ?? null;
  const all = prediction === null ? features : [...features, prediction];
  return {
    window: window.label,
    from: iso(window.fromMs),
    to: iso(window.toMs),
    rows: facts.rows,
    features,
    prediction,
    drifted: all.filter((feature) => isAtLeast(feature.level, 'minor')).map((feature) => feature.feature),
    level: worstLevel(all.map((feature) => feature.level)),
    ...(segments === undefined ? {} : { segments: segments.segments, segment_split: segments.split }),
    ...(beside === undefined ? {} : { other_profiles: beside }),
  };
}

function describeWindow(unit: WindowUnit, facts: Facts): Window {
  if (unit !== 'all') return windowAt(unit, facts.key);
  return { key: facts.key, label: 'all', fromMs: facts.firstMs, toMs: facts.lastMs };
}

function toFeatureReport({
  feature,
  judgement,
}: {
  readonly feature: FeatureWindow;
  readonly judgement: Judgement;
}): FeatureReport {
  const { reference, current, distances } = feature;
  return {
    feature: feature.column.name,
    kind: feature.kind,
    n_reference: reference.n,
    n_current: current.n,
    missing_reference: rate(reference.rows - reference.n, reference.rows),
    missing_current: rate(current.rows - current.n, current.rows),
    unseen: rate(feature.unseen, current.n),
    statistics: judgement.statistics,
    level: judgement.level,
    reason: judgement.reason,
    evidence: {
      rows_reference: reference.rows,
      rows_current: current.rows,
      missing_count: current.rows - current.n,
      unseen_count: feature.unseen,
      bins: binReports(feature),
      distances: distances?.method ?? null,
      ks_error: distances?.ksError ?? null,
      details: judgement.details,
    },
  };
}

function binReports({ bins }: FeatureWindow): readonly BinReport[] {
  if (bins === undefined) return [];
  const own = bins.labels.map((label, index) => ({
    label,
    reference: bins.reference[index] ?? 0,
    current: bins.current[index] ?? 0,
  }));
  const unseen = bins.unseen.map((category) => ({ label: category.name, reference: 0, current: category.count }));
  const all =
    bins.edges === undefined
      ? [...own, ...unseen].sort((a, b) => b.reference - a.reference || b.current - a.current)
      : own;
  if (all.length <= MAX_BINS) return all;
  const rest = all.slice(MAX_BINS - 1);
  const total = (side: 'reference' | 'current'): number => rest.reduce((sum, bin) => sum + bin[side], 0);
  return [
    ...all.slice(0, MAX_BINS - 1),
    { label: `${rest.length} others`, reference: total('reference'), current: total('current') },
  ];
}

function toOther(profile: Profile, found: Judged): OtherProfile {
  return {
    profile: profile.id,
    level: worstLevel(found.map((entry) => entry.judgement.level)),
    features: found.map(({ feature, judgement }) => ({
      feature: feature.column.name,
      level: judgement.level,
      ...profile.headline(feature, judgement),
    })),
  };
}

function referenceOf(measured: Measured): DriftReport['reference'] {
  const times = measured.referenceWindows.flatMap((facts) =>
    facts.firstMs === null || facts.lastMs === null ? [] : [facts.firstMs, facts.lastMs],
  );
  return {
    rows: measured.referenceWindows.reduce((sum, facts) => sum + facts.rows, 0),
    from: times.length === 0 ? null : iso(Math.min(...times)),
    to: times.length === 0 ? null : iso(Math.max(...times)),
  };
}

function rate(count: number, of: number): number {
  return of === 0 ? 0 : count / of;
}

function iso(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}
