import { describe, expect, it } from 'vitest';
import { alarmStep, QUIET } from '../../src/stats/alarm-state-machine.ts';
import { driftEvidence } from '../../src/stats/evidence.ts';
import { createLcg } from '../../src/stats/generator.ts';
import { groupBins, sumGroups } from '../../src/stats/group-bins.ts';
import { levelOf, worstLevel } from '../../src/stats/levels.ts';
import { minDetectable } from '../../src/stats/min-detectable.ts';
import { overdispersedP } from '../../src/stats/overdispersed-p.ts';
import { driftVerdict, type VerdictFeature } from '../../src/stats/verdict.ts';

const Q = 1 / 720;

describe('driftVerdict', () => {
  it('stays stable when nothing drifts and calls a large shift major with its top bins', () => {
    const [calm, shifted] = driftVerdict([feature('calm', 0), feature('shifted', 0.2)], { q: Q });
    expect(calm).toMatchObject({ status: 'ok', level: 'stable', windows: 30, df: 9 });
    expect(shifted?.level).toBe('major');
    if (shifted?.status !== 'ok') throw new Error('No verdict.');
    expect(shifted.pAdjusted).toBeLessThanOrEqual(Q);
    expect(shifted.top).toHaveLength(3);
    expect(shifted.top[0]?.contribution).toBeGreaterThanOrEqual(shifted.top[1]?.contribution ?? 0);
    expect(shifted.reason).toMatch(/^Drift is major: adjusted p /);
    expect(shifted.mde).toBeGreaterThan(0);
  });

  it('takes rows as independent, and says so, when the reference has no windows', () => {
    const counts = Array.from({ length: 20 }, () => 500);
    const [verdict] = driftVerdict(
      [{ name: 'x', kind: 'ordinal', reference: { counts }, current: counts.map((count) => count / 10) }],
      { q: Q },
    );
    expect(verdict).toMatchObject({ phi: 1, phiN: 1, v: Number.POSITIVE_INFINITY, windows: 0, level: 'stable' });
    expect(verdict).toMatchObject({ warnings: ['no_windows'] });
    expect(verdict?.reason).toContain('no time windows');
  });

  it('warns below 24 windows and gives no verdict below 3', () => {
    const short = feature('short', 0, 10);
    const tooShort = feature('two', 0, 2);
    const [warned, refused] = driftVerdict([short, tooShort], { q: Q });
    expect(warned).toMatchObject({ warnings: ['few_windows'] });
    expect(refused).toMatchObject({ level: 'insufficient_data', why: 'few_windows', pAdjusted: null });
    expect(refused?.reason).toContain('Only 2 reference windows');
  });

  it('warns that it is blind when reference windows swing', () => {
    const [verdict] = driftVerdict([swinging()], { q: Q });
    expect(verdict).toMatchObject({ level: 'stable', warnings: ['blind'] });
    expect(verdict?.reason).toContain('Blind below');
  });

  it('gives no verdict for too few rows or a constant feature', () => {
    const few: VerdictFeature = { ...feature('few', 0), current: [10, 20, 30] };
    const constant: VerdictFeature = {
      name: 'constant',
      kind: 'categorical',
      reference: { counts: [1000] },
      current: [500],
    };
    const tiny = { ...few, current: Array.from({ length: 20 }, () => 1) };
    expect(driftVerdict([tiny, constant], { q: Q }).map((verdict) => ('why' in verdict ? verdict.why : null))).toEqual([
      'few_rows',
      'one_bin',
    ]);
    expect(() => driftVerdict([{ ...few, current: [100, 200, 300] }], { q: Q })).toThrow(
      expect.objectContaining({ code: 'E_STATS_SHAPE' }),
    );
  });

  it('does not count features without data in the correction', () => {
    const tiny: VerdictFeature = { ...feature('tiny', 0), current: Array.from({ length: 20 }, () => 1) };
    const alone = driftVerdict([feature('x', 0.03)], { q: Q });
    const beside = driftVerdict([feature('x', 0.03), tiny, tiny], { q: Q });
    expect(beside[0]).toEqual(alone[0]);
  });

  it('pools an unseen category into a kept one, so that one new value cannot page', () => {
    const [verdict] = driftVerdict(
      [
        {
          name: 'c',
          kind: 'categorical',
          reference: { counts: [6000, 4000, 0] },
          current: [120, 79, 1],
          labels: ['a', 'b', 'new'],
        },
      ],
      { q: Q },
    );
    expect(verdict).toMatchObject({ df: 1, d: null, dCorrected: null, level: 'stable' });
    expect(verdict?.status === 'ok' ? verdict.top.map((bin) => bin.label).sort() : []).toEqual(['a', 'b']);
  });

  it('names ordinal bins by their edges', () => {
    const counts = [100, 100, 100, 100];
    const [verdict] = driftVerdict(
      [{ name: 'x', kind: 'ordinal', reference: { counts }, current: [10, 50, 100, 240], edges: [1, 2, 3] }],
      { q: Q, group: { every: 1 } },
    );
    expect(verdict?.status === 'ok' ? verdict.top.map((bin) => bin.label) : []).toEqual(['<= 1', '> 3', '(1, 2]']);
  });

  it('lets a feature have a lower floor of its own', () => {
    const near = { minor: { psi: 0.0001, ks: 0.0001 }, moderate: { psi: 1, ks: 1 }, major: { psi: 2, ks: 2 } };
    const flat = Array.from({ length: 10 }, () => 100_000);
    const current = flat.map((_, index) => 20_000 + (index === 0 ? -1000 : 0) + (index === 9 ? 1000 : 0));
    const tilted: VerdictFeature = { name: 'x', kind: 'ordinal', reference: { counts: flat }, current };
    const [plain] = driftVerdict([tilted], { q: Q });
    const [strict] = driftVerdict([{ ...tilted, floors: near }], { q: Q });
    expect(plain?.level).toBe('negligible');
    expect(strict?.level).toBe('minor');
  });
});

describe('driftEvidence', () => {
  it('corrects PSI and the distance by noise that grows with overdispersion', () => {
    const evidence = driftEvidence(feature('x', 0.05));
    if (evidence.status !== 'ok') throw new Error('No evidence.');
    const k = 1 / evidence.n + 1 / evidence.m;
    expect(evidence.psiCorrected).toBeCloseTo(evidence.psi - evidence.df * evidence.phiN * k, 12);
    expect(evidence.dCorrected).toBeCloseTo((evidence.d ?? 0) - 0.8687311606361592 * Math.sqrt(evidence.phiN * k), 12);
  });
});

describe('groupBins', () => {
  it('makes ten equal groups of a hundred equal bins and leaves an atom alone', () => {
    const even = Array.from({ length: 100 }, () => 10);
    expect(sumGroups(groupBins(even, { bins: 10 }), even)).toEqual(Array.from({ length: 10 }, () => 100));
    const atom = [600, 50, 50, 50, 50, 50, 50, 50, 50];
    expect(sumGroups(groupBins(atom, { bins: 10 }), atom)).toEqual([600, 100, 100, 100, 100]);
  });

  it('sums neighbours by a fixed width', () => {
    expect(groupBins([1, 1, 1, 1, 1], { every: 2 })).toEqual([0, 0, 1, 1, 2]);
  });
});

describe('levels', () => {
  it.each([
    [{ rejected: false, psiCorrected: 9, dCorrected: 1 }, 'stable'],
    [{ rejected: true, psiCorrected: 0.019, dCorrected: 0.049 }, 'negligible'],
    [{ rejected: true, psiCorrected: 0.02, dCorrected: 0 }, 'minor'],
    [{ rejected: true, psiCorrected: 0, dCorrected: 0.05 }, 'minor'],
    [{ rejected: true, psiCorrected: 0.1, dCorrected: null }, 'moderate'],
    [{ rejected: true, psiCorrected: 0, dCorrected: 0.2 }, 'major'],
    [{ rejected: true, psiCorrected: 0.25, dCorrected: null }, 'major'],
  ] as const)('maps %j to %s', (evidence, level) => {
    expect(levelOf(evidence)).toBe(level);
  });

  it('finds the worst of several', () => {
    expect(worstLevel(['stable', 'major', 'minor'])).toBe('major');
    expect(worstLevel([])).toBe('insufficient_data');
  });
});

describe('alarmStep', () => {
  it('raises on the second of three, keeps the peak of the episode and clears after three clean windows', () => {
    const levels = ['minor', 'stable', 'moderate', 'major', 'minor', null, 'stable', 'stable', 'negligible'] as const;
    let state = QUIET;
    const seen = levels.map((level) => {
      const step = alarmStep(state, level);
      state = step.state;
      return [step.event, step.state.peak];
    });
    expect(seen).toEqual([
      [null, null],
      [null, null],
      ['raise', 'moderate'],
      [null, 'major'],
      [null, 'major'],
      [null, 'major'],
      [null, 'major'],
      [null, 'major'],
      ['clear', null],
    ]);
  });
});

describe('minDetectable', () => {
  it('inverts the p-value for any overdispersion', () => {
    for (const p of [0.5, 0.05, 1e-5, 1e-9]) {
      for (const df of [1, 2, 9, 99]) {
        for (const [phi, v] of [
          [1, Number.POSITIVE_INFINITY],
          [1, 4],
          [4.1, 27],
          [620, 167],
        ] as const) {
          const { x2Crit } = minDetectable({ df, phi, v, n: 500, m: 50_000, p });
          expect(overdispersedP({ x2: x2Crit, df, phi, v }) / p).toBeCloseTo(1, 7);
        }
      }
    }
  });
});

function feature(name: string, shift: number, windows = 30): VerdictFeature {
  const next = createLcg(name.length * 7 + 1);
  return {
    name,
    kind: 'ordinal',
    reference: { windows: Array.from({ length: windows }, () => histogram(next, 2000, 0)) },
    current: histogram(next, 2000, shift),
  };
}

function swinging(): VerdictFeature {
  const next = createLcg(99);
  const windows = Array.from({ length: 48 }, (_, hour) => histogram(next, 5000, 0.15 * (hour % 2)));
  return { name: 'swinging', kind: 'ordinal', reference: { windows }, current: histogram(next, 5000, 0.15) };
}

// Uniform values moved by `shift` and clipped, in 20 bins of [0, 1].
function histogram(next: () => number, rows: number, shift: number): number[] {
  const counts = Array.from({ length: 20 }, () => 0);
  for (let row = 0; row < rows; row += 1) {
    const bin = Math.min(19, Math.floor((next() + shift) * 20));
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  return counts;
}
