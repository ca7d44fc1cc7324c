import { describe, expect, it } from 'vitest';
import { type QualityFeature, qualityVerdict } from '../../src/stats/quality-verdict.ts';
import { twoProportion } from '../../src/stats/two-proportion.ts';
import { binomial, createUniform } from '../bench/calibration/random.ts';

const Q = 1 / 720;

describe('qualityVerdict, missing values', () => {
  it('uses the p-value of the two-proportion test and corrects it for the number of checks', () => {
    const reference = { k: 1000, n: 50_000 };
    const current = { k: 180, n: 5000 };
    const [moved] = qualityVerdict([missing('moved', reference, current), calm('a'), calm('b'), calm('c')], { q: Q });
    const { p } = twoProportion(reference, current);
    if (moved?.status !== 'ok' || p === null) throw new Error('No verdict.');
    expect(moved.p / p).toBeCloseTo(1, 10);
    expect(moved.pAdjusted / (4 * p)).toBeCloseTo(1, 10);
    expect(moved).toMatchObject({ check: 'missing', level: 'minor', rateReference: 0.02, rateCurrent: 0.036, phi: 1 });
    expect(moved.reason).toMatch(/^The missing rate went from 0.02 to 0.036: minor /);
  });

  it.each([
    [0.0295, 'negligible'],
    [0.0305, 'minor'],
    [0.1205, 'moderate'],
    [0.2205, 'major'],
    [1, 'major'],
    [0, 'minor'],
  ] as const)('calls a rate that went from 0.02 to %d %s', (rate, level) => {
    const current = { k: Math.round(rate * 200_000), n: 200_000 };
    expect(qualityVerdict([missing('x', { k: 20_000, n: 1_000_000 }, current)], { q: Q })[0]?.level).toBe(level);
  });

  it('stays stable when one of a hundred rows is missing and the reference has none in a hundred thousand', () => {
    const [verdict] = qualityVerdict([missing('x', { k: 0, n: 99_900 }, { k: 1, n: 100 })], { q: Q / 50 });
    if (verdict?.status !== 'ok') throw new Error('No verdict.');
    expect(verdict.level).toBe('stable');
    expect(verdict.p).toBeCloseTo(100 / 100_000, 12);
    const mirrored = qualityVerdict([missing('x', { k: 99_900, n: 99_900 }, { k: 99, n: 100 })], { q: Q / 50 });
    expect(mirrored[0]).toMatchObject({ level: 'stable' });
  });

  it('does not alarm when the reference windows themselves vary as much', () => {
    const windows = Array.from({ length: 48 }, (_, hour) => ({ k: hour % 4 === 0 ? 300 : 0, n: 1000 }));
    const current = { k: 300, n: 1000 };
    const [known] = qualityVerdict([{ name: 'x', missing: { reference: { windows }, current } }], { q: Q });
    const [pooled] = qualityVerdict([missing('x', { k: 3600, n: 48_000 }, current)], { q: Q });
    expect(known).toMatchObject({ level: 'stable', windows: 48 });
    expect(known?.status === 'ok' ? known.phi : 0).toBeGreaterThan(100);
    expect(pooled).toMatchObject({ level: 'major', phi: 1 });
  });

  it('takes rows as independent when no reference window has a missing value', () => {
    const windows = Array.from({ length: 48 }, () => ({ k: 0, n: 1000 }));
    const current = { k: 30, n: 1000 };
    const [verdict] = qualityVerdict([{ name: 'x', missing: { reference: { windows }, current } }], { q: Q });
    expect(verdict).toMatchObject({ level: 'minor', phi: 1, v: Number.POSITIVE_INFINITY, windows: 48 });
  });

  it('gives no verdict for too few rows and leaves the check out of the correction', () => {
    const few = missing('few', { k: 1, n: 1000 }, { k: 9, n: 10 });
    const empty: QualityFeature = { name: 'empty', missing: { reference: { windows: [] }, current: { k: 1, n: 500 } } };
    const alone = qualityVerdict([missing('x', { k: 20, n: 1000 }, { k: 60, n: 1000 })], { q: Q });
    const beside = qualityVerdict([few, missing('x', { k: 20, n: 1000 }, { k: 60, n: 1000 }), empty], { q: Q });
    expect(beside.map((verdict) => verdict.level)).toEqual(['insufficient_data', 'minor', 'insufficient_data']);
    expect(beside[1]).toEqual(alone[0]);
    expect(beside[0]?.reason).toBe('Too few rows: 10 current and 1000 reference rows.');
  });

  it('rejects anything in no more than a share q of the windows when nothing changes', () => {
    const uniform = createUniform(5);
    const events = () => ({ k: binomial(uniform, 300, 0.03), n: 300 });
    const q = 0.05;
    let wrong = 0;
    for (let look = 0; look < 150; look += 1) {
      const features = Array.from({ length: 8 }, (_, index) => ({
        name: `f${index}`,
        missing: {
          reference: { windows: Array.from({ length: 24 }, events) },
          current: events(),
        },
      }));
      if (qualityVerdict(features, { q }).some((verdict) => verdict.level !== 'stable')) wrong += 1;
    }
    // 150 looks at 5 %: 7.5 expected, 15 is above the upper 99 % point.
    expect(wrong).toBeLessThanOrEqual(15);
  });
});

describe('qualityVerdict, unseen categories', () => {
  it('alarms on new values in a closed vocabulary and lists them', () => {
    const [, verdict] = qualityVerdict([category({ a: 6000, b: 4000 }, { a: 590, b: 400, new: 7, newer: 3 })], {
      q: Q,
    });
    if (verdict?.status !== 'ok') throw new Error('No verdict.');
    expect(verdict).toMatchObject({ check: 'unseen', level: 'minor', rateCurrent: 0.01, n: 1000, m: 10_000 });
    expect(verdict.rateReference).toBeCloseTo(1 / 10_001, 12);
    expect(verdict.top).toEqual([
      { name: 'new', count: 7 },
      { name: 'newer', count: 3 },
    ]);
    expect(verdict.reason).toContain('Most frequent unseen values: new (7), newer (3).');
  });

  it('tolerates one unseen row, and any number of them in a feature made of singletons', () => {
    const ids = Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`id-${index}`, 1]));
    const fresh = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`id-${index + 1000}`, 1]));
    const levels = qualityVerdict([category({ a: 6000, b: 4000 }, { a: 599, b: 400, new: 1 }), category(ids, fresh)], {
      q: Q,
    }).map((verdict) => `${verdict.check} ${verdict.level}`);
    expect(levels).toEqual(['missing stable', 'unseen stable', 'missing stable', 'unseen stable']);
  });

  it('keeps a certain but tiny unseen rate negligible', () => {
    const [, verdict] = qualityVerdict([category({ a: 5_000_000 }, { a: 999_500, new: 500 })], { q: Q });
    expect(verdict).toMatchObject({ level: 'negligible' });
    expect(verdict?.reason).toContain('certain but below the floor 0.001');
  });
});

type Counted = { readonly k: number; readonly n: number };

function missing(name: string, total: Counted, current: Counted): QualityFeature {
  return { name, missing: { reference: { total }, current } };
}

function calm(name: string): QualityFeature {
  return missing(name, { k: 1000, n: 50_000 }, { k: 100, n: 5000 });
}

function category(
  reference: Readonly<Record<string, number>>,
  current: Readonly<Record<string, number>>,
): QualityFeature {
  return {
    ...missing('c', { k: 0, n: 10_000 }, { k: 0, n: 1000 }),
    categories: { reference: new Map(Object.entries(reference)), current: new Map(Object.entries(current)) },
  };
}
