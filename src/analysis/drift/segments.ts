import { z } from 'zod';
import type { FeatureFloors } from '../../stats/levels.ts';
import { psi } from '../../stats/psi.ts';
import { type Judged, judgeWindows } from './judge-windows.ts';
import { type Measured, measurePart } from './measure.ts';
import type { FeatureWindow, Profile } from './profiles/profile.ts';
import type { SegmentReport, SegmentSplit } from './report.ts';
import type { DriftSession } from './session.ts';
import { quoteText } from './sql-text.ts';

/** One window by segment. */
export interface SegmentedWindow {
  readonly segments: readonly SegmentReport[];
  readonly split: readonly SegmentSplit[];
}

/**
 * Judges every window segment by segment, and splits each feature's change into the mix of segments and what happens
 * inside them; at most 20 segments, the largest first.
 */
export async function readSegments(input: {
  readonly session: DriftSession;
  readonly measured: Measured;
  readonly profile: Profile;
  readonly q: number;
  readonly floors: FeatureFloors | undefined;
}): Promise<ReadonlyMap<number, SegmentedWindow>> {
  const { session, measured, profile, q, floors } = input;
  const sql = `SELECT segment, count() AS rows FROM ${measured.frame.table} GROUP BY segment ORDER BY rows DESC, segment LIMIT ${MAX_SEGMENTS}`;
  const names = z
    .array(segmentSchema)
    .parse(await session.rows('segments', sql))
    .map((row) => row.segment);
  const parts: Part[] = [];
  for (const name of names) {
    const part = await measurePart(session, measured, `segment = ${quoteText(name)}`);
    parts.push({ name, part, judged: await judgeWindows({ session, measured: part, profile, q, floors }) });
  }
  return new Map(
    measured.current.map((facts) => {
      const totals = {
        reference: measured.referenceWindows.reduce((sum, window) => sum + window.rows, 0),
        current: facts.rows,
      };
      const present = parts.map(({ name, part, judged }) => ({ name, part, found: judged.get(facts.key) ?? [] }));
      const segments = present.map((entry) => toReport({ ...entry, key: facts.key, totals }));
      return [facts.key, { segments, split: splitFeatures(present.map((entry) => entry.found)) }] as const;
    }),
  );
}

const MAX_SEGMENTS = 20;
/** Corrected PSI from which one of the two steps counts as a change. */
const NOTABLE = 0.02;
const segmentSchema = z.object({ segment: z.string() });

interface Part {
  readonly name: string;
  readonly part: Measured;
  readonly judged: ReadonlyMap<number, Judged>;
}

function toReport(input: {
  readonly name: string;
  readonly part: Measured;
  readonly found: Judged;
  readonly key: number;
  readonly totals: { readonly reference: number; readonly current: number };
}): SegmentReport {
  const { name, part, found, key, totals } = input;
  const reference = part.referenceWindows.reduce((sum, window) => sum + window.rows, 0);
  const current = part.current.find((facts) => facts.key === key)?.rows ?? 0;
  return {
    segment: name,
    rows_reference: reference,
    rows_current: current,
    share_reference: totals.reference === 0 ? 0 : reference / totals.reference,
    share_current: totals.current === 0 ? 0 : current / totals.current,
    features: found.map(({ feature, judgement }) => ({
      feature: feature.column.name,
      psi: judgement.statistics.psi,
      level: judgement.level,
    })),
  };
}

/** Counts of one segment by bin or category. */
type Counts = ReadonlyMap<string, { readonly reference: number; readonly current: number }>;

function splitFeatures(segments: readonly Judged[]): readonly SegmentSplit[] {
  const byFeature = new Map<string, Counts[]>();
  for (const { feature } of segments.flat()) {
    const known = byFeature.get(feature.column.name) ?? [];
    byFeature.set(feature.column.name, [...known, countsOf(feature)]);
  }
  return [...byFeature].flatMap(([name, counts]) => {
    const split = splitOne(counts);
    return split === undefined ? [] : [{ feature: name, ...split }];
  });
}

// Categories by name: segments have different vocabularies. Intervals by position: they share their edges.
function countsOf({ bins }: FeatureWindow): Counts {
  if (bins === undefined) return new Map();
  const own = bins.labels.map((label, index) => {
    const counts = { reference: bins.reference[index] ?? 0, current: bins.current[index] ?? 0 };
    return [bins.edges === undefined ? label : String(index), counts] as const;
  });
  const unseen = bins.unseen.map(({ name, count }) => [name, { reference: 0, current: count }] as const);
  return new Map([...own, ...unseen]);
}

/**
 * Splits the change of one histogram into mix and inside by a histogram in between: the reference's segments, weighted as
 * the current rows are.
 */
function splitOne(segments: readonly Counts[]): Omit<SegmentSplit, 'feature'> | undefined {
  const names = [...new Set(segments.flatMap((segment) => [...segment.keys()]))];
  const total = (segment: Counts, side: 'reference' | 'current'): number =>
    [...segment.values()].reduce((all, counts) => all + counts[side], 0);
  const sum = (pick: (segment: Counts) => number): number => segments.reduce((all, segment) => all + pick(segment), 0);
  const [m, n] = [sum((segment) => total(segment, 'reference')), sum((segment) => total(segment, 'current'))];
  if (m === 0 || n === 0) return undefined;
  const reference = names.map((name) => sum((segment) => segment.get(name)?.reference ?? 0));
  const current = names.map((name) => sum((segment) => segment.get(name)?.current ?? 0));
  const weighted = segments.map((segment) => ({
    segment,
    own: total(segment, 'reference'),
    now: total(segment, 'current'),
  }));
  const between = names.map((name) =>
    weighted.reduce((all, { segment, own, now }) => {
      const counts = segment.get(name);
      // A segment the reference has not says nothing about its behaviour then, so its rows stand for themselves.
      const share = own > 0 ? ((counts?.reference ?? 0) / own) * (now / n) : (counts?.current ?? 0) / n;
      return all + share * m;
    }, 0),
  );
  const mix = psi(reference, between);
  const inside = psi(between, current);
  const whole = psi(reference, current);
  if (mix.psi === null || inside.psi === null || whole.psi === null) return undefined;
  return {
    psi: whole.psi,
    mix_psi: mix.psi,
    inside_psi: inside.psi,
    verdict: verdictOf(mix.corrected >= NOTABLE, inside.corrected >= NOTABLE),
  };
}

function verdictOf(mix: boolean, inside: boolean): SegmentSplit['verdict'] {
  if (mix) return inside ? 'both changed' : 'mix changed';
  return inside ? 'behaviour inside segments changed' : 'neither changed';
}
