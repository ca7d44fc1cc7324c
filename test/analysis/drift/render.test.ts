import { describe, expect, it } from 'vitest';
import { renderHtml } from '../../../src/analysis/drift/render-html.ts';
import { renderTable } from '../../../src/analysis/drift/render-table.ts';
import { type DriftReport, type FeatureReport, NO_STATISTICS } from '../../../src/analysis/drift/report.ts';

const feature = (name: string, level: FeatureReport['level']): FeatureReport => ({
  feature: name,
  kind: 'categorical',
  n_reference: 1000,
  n_current: 500,
  missing_reference: 0,
  missing_current: 0.25,
  unseen: 0.01,
  statistics: { ...NO_STATISTICS, psi: 0.31, psi_corrected: 0.29 },
  level,
  reason: `Because of ${name}.`,
  evidence: {
    rows_reference: 1000,
    rows_current: 667,
    missing_count: 167,
    unseen_count: 5,
    bins: [
      { label: '<script>alert(1)</script>', reference: 600, current: 100 },
      { label: 'b', reference: 400, current: 400 },
    ],
    distances: null,
    ks_error: null,
    details: {},
  },
});
const report: DriftReport = {
  profile: 'robust',
  reference: { rows: 1000, from: '2026-03-01T00:00:00.000Z', to: '2026-03-31T23:00:00.000Z' },
  windows: [
    {
      window: '2026-05',
      from: '2026-05-01T00:00:00.000Z',
      to: '2026-06-01T00:00:00.000Z',
      rows: 667,
      features: [feature('calm', 'stable'), feature('a"b', 'major')],
      prediction: feature('score', 'minor'),
      drifted: ['a"b', 'score'],
      level: 'major',
    },
  ],
  sql: [{ name: 'counts', sql: "SELECT 1 WHERE 'a' < 'b'" }],
};

describe('the table', () => {
  it('lists features worst first with their numbers and reasons, and marks the output', () => {
    const lines = renderTable(report).split('\n');
    expect(lines[2]).toBe('Window 2026-05: 667 rows, major, drifted: a"b, score');
    expect(lines.slice(4, 7).map((line) => line.split(/\s{2,}/)[0])).toEqual(['a"b', 'score (output)', 'calm']);
    expect(lines[4]).toMatch(/major +0\.3100 +0\.2900 +- +- +0\.2500 +0\.0100 +500 +Because of a"b\.$/);
  });
});

describe('the page', () => {
  const page = renderHtml(report);

  it('escapes whatever comes from the data', () => {
    expect(page).not.toContain('<script>');
    expect(page).toContain('&lt;script&gt;');
    expect(page).toContain('a&quot;b');
  });

  it('draws both sides of each feature to scale', () => {
    const heights = [...page.matchAll(/<rect class="(ref|cur)"[^>]* height="([\d.]+)"/g)]
      .slice(0, 4)
      .map((match) => [match[1], Number(match[2])]);
    expect(heights).toEqual([
      ['ref', 84],
      ['cur', 28],
      ['ref', 56],
      ['cur', 112],
    ]);
  });

  it('holds no reference to anything outside, and knows dark screens', () => {
    expect(page).not.toMatch(/https?:\/\//);
    expect(page).toContain('prefers-color-scheme:dark');
  });

  it('shows the SQL of the numbers', () => {
    expect(page).toContain('SELECT 1 WHERE &#39;a&#39; &lt; &#39;b&#39;');
  });
});
