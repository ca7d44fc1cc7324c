import { expect, test } from 'vitest';
import { driftSection } from '../../../src/api/pages/drift-section.ts';
import type { DriftWeek } from '../../../src/store/queries/drift-read.ts';
import { parsePage } from './check-html.ts';

const WEEK = 7 * 86_400_000;
const MONDAY = Date.parse('2026-01-05T00:00:00Z');

function weeks(features: number, count: number): readonly DriftWeek[] {
  return Array.from({ length: features }, (_, f) => f).flatMap((f) =>
    Array.from({ length: count }, (_, w) => ({
      week_ms: MONDAY + w * WEEK,
      feature: `feature_with_a_long_name_${f}`,
      kind: 'numeric',
      level: f === 170 ? ('major' as const) : ('minor' as const),
      windows: 168,
      judged: 168,
      drifted: 168,
      blind: 0,
      psi_corrected: 0.05,
      psi_max: 0.1,
    })),
  );
}

const section = (drift: readonly DriftWeek[]) =>
  driftSection({
    drift,
    service: [],
    side: undefined,
    alerts: [],
    changes: [],
    rows: { performance: [], counts: { predictions: 0, simulated: 0 } },
    sql: { drift: [], performance: [], service: [], side: [], alerts: [], changes: [] },
  }).text;

test('a model of 200 features over half a year stays small and keeps the worst features', () => {
  const text = section(weeks(200, 26));
  expect(Buffer.byteLength(text)).toBeLessThan(130_000);
  const rows = parsePage(text).filter((element) => element.name === 'th' && element.attributes.get('scope') === 'row');
  expect(rows).toHaveLength(42);
  expect(rows[0]?.text).toContain('feature_with_a_long_name_170');
  expect(text).toContain('158 features that drifted less are not shown');
});

test('a week between two others that has no closed window is an empty cell, not a zero', () => {
  const [first, , third] = weeks(1, 3);
  const text = section([first, third].flatMap((row) => row ?? []));
  expect(text).toContain('W02');
  expect(text).toContain('W03');
  expect(
    parsePage(text)
      .filter((element) => element.name === 'td')
      .map((cell) => cell.text.trim()),
  ).toEqual(['0.050 minor', '', '0.050 minor']);
});

test('a week in which drift could not be seen says so, where nothing drifted', () => {
  const [row] = weeks(1, 1);
  const cellOf = (level: DriftWeek['level'], blind: number) =>
    parsePage(section(row === undefined ? [] : [{ ...row, level, blind }]))
      .filter((element) => element.name === 'td')
      .map((cell) => cell.text.trim());
  expect(cellOf('stable', 84)).toEqual(['0.050 blind']);
  expect(cellOf('stable', 83)).toEqual(['0.050']);
  expect(cellOf('minor', 168)).toEqual(['0.050 minor']);
});

test('without any window it says that there is no reference yet', () => {
  expect(section([])).toContain('No reference yet');
});
