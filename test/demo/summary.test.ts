import { expect, it } from 'vitest';
import { type FeatureReport, NO_STATISTICS } from '../../src/analysis/drift/report.ts';
import { type DemoFacts, renderSummary } from '../../src/demo/summary.ts';

const evidence = {
  rows_reference: 1,
  rows_current: 1,
  missing_count: 0,
  unseen_count: 0,
  bins: [],
  distances: null,
  ks_error: null,
  details: {},
};

function feature(name: string, psi: number, ks: number | null): FeatureReport {
  return {
    feature: name,
    kind: 'numeric',
    n_reference: 1,
    n_current: 1,
    missing_reference: 0,
    missing_current: 0,
    unseen: 0,
    statistics: { ...NO_STATISTICS, psi, ks },
    level: 'stable',
    reason: '',
    evidence,
  };
}

const facts: DemoFacts = {
  predictions: 2_995_426,
  labels: 2_993_058,
  bytes: 1_086_000_000,
  replaySeconds: 60,
  startSeconds: 1.04,
  firstPageSeconds: 1.11,
  totalSeconds: 100,
  peakBytes: { service: 341 * 1024 * 1024, engine: undefined },
  holdOut: { flights: 114_670, auc: 0.6601, logLoss: 0.4584, baselineLogLoss: 0.4854, f1: 0.377 },
  threshold: 0.2,
  quality: [
    {
      window: '2001-02',
      fromMs: 0,
      toMs: 0,
      predictions: 458_170,
      labeled: 458_169,
      labelCoverage: 458_169 / 458_170,
      accuracy: 0.6163,
      precision: null,
      recall: null,
      f1: 0.41,
      auc: 0.682735,
      logLoss: null,
      brier: null,
      mae: null,
      rmse: null,
      r2: null,
      bias: null,
    },
  ],
  drift: {
    profile: 'textbook',
    reference: { rows: 508_239, from: null, to: null },
    windows: [
      {
        window: '2001-02',
        from: null,
        to: null,
        rows: 458_170,
        features: [
          feature('distance', 0.00005, 0.0029),
          feature('origin_delay_min', 0.018755, 0.05004),
          feature('origin', 0.0008, null),
        ],
        prediction: feature('score', 0.004694, 0.0302),
        drifted: [],
        level: 'stable',
      },
    ],
    sql: [],
  },
  pages: [
    { atMs: Date.UTC(2001, 5, 30, 17, 16), action: 'trigger', dedupKey: 'a/b', severity: 'critical', summary: 'Slow' },
  ],
};

it('says in one screen what was sent, how good and how drifted each month was, and who was paged', () => {
  const text = renderSummary(facts).join('\n');
  expect(text).toContain(
    '2,995,426 predictions and 2,993,058 labels over HTTP in 60.0 s: 99,808 rows a second, 1,036 MiB',
  );
  expect(text).toContain('service 341 MiB, engine n/a');
  expect(text).toContain('2001-02      458,170  100.00 %   61.63 %  0.4100  0.6827       n/a');
  expect(text).toContain(
    '0.0047    origin_delay_min PSI 0.0188 KS 0.0500 · origin PSI 0.0008 · distance PSI 0.0001 KS 0.0029',
  );
  expect(text).toContain('2001-06-30 17:16  trigger  a/b  critical  Slow');
  expect(renderSummary(facts).length).toBeLessThan(40);
});

it('says so when nobody was paged', () => {
  expect(renderSummary({ ...facts, pages: [] }).join('\n')).toContain('    none');
});
