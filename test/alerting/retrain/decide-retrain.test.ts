import { describe, expect, test } from 'vitest';
import { decideRetrain, type RetrainFacts } from '../../../src/alerting/retrain/decide-retrain.ts';
import { retrainSchema } from '../../../src/notify/retrain/config.ts';
import type { FeatureWindows, RetrainRequest } from '../../../src/store/queries/retrain.ts';

const DAY = 86_400_000;
const NOW = Date.UTC(2026, 10, 21);
const settings = retrainSchema.parse({ target: { type: 'tekton', url: 'http://127.0.0.1' } });

const windows = (feature: string, ...levels: FeatureWindows['levels']): FeatureWindows => ({
  feature,
  levels: [...levels],
  psi: 0.3,
  to_ms: NOW,
});
const request = (state: RetrainRequest['state'], daysAgo: number): RetrainRequest => ({
  id: `r${daysAgo}`,
  model: 'm',
  version: '1',
  state,
  reason: '',
  evidence: '{}',
  target: '',
  requestedMs: NOW - daysAgo * DAY,
  decidedMs: NOW - daysAgo * DAY,
  decidedBy: '',
  newVersion: '',
  detail: '',
  revision: 1,
});
const facts = (change: Partial<RetrainFacts>): RetrainFacts => ({
  windows: [],
  importance: {},
  openAlerts: [],
  requests: [],
  nowMs: NOW,
  ...change,
});
const alert = (name: string, isFiring: boolean, asksRetraining = false) => ({ alert: name, isFiring, asksRetraining });
const decide = (change: Partial<RetrainFacts>) => decideRetrain(facts(change), settings);
const drifted = [windows('__score__', 'moderate', 'major')];

describe('what asks for retraining', () => {
  test.each([
    ['the prediction drifted twice', [windows('__score__', 'moderate', 'major')], {}, 'ask'],
    ['the prediction drifted once', [windows('__score__', 'minor', 'major')], {}, 'none'],
    ['the prediction drifted a little', [windows('__score__', 'minor', 'minor')], {}, 'none'],
    ['too few windows were closed', [windows('__score__', 'major')], {}, 'none'],
    [
      'an important feature drifted',
      [windows('a', 'major', 'major'), windows('b', 'stable', 'stable')],
      { a: 3, b: 7 },
      'ask',
    ],
    [
      'an unimportant feature drifted',
      [windows('a', 'major', 'major'), windows('b', 'stable', 'stable')],
      { a: 2, b: 8 },
      'none',
    ],
    [
      'features without stated importance share it',
      [windows('a', 'major', 'major'), windows('b', 'stable', 'stable'), windows('c', 'stable', 'stable')],
      {},
      'ask',
    ],
    [
      'one of four drifted',
      ['b', 'c', 'd'].map((name) => windows(name, 'stable', 'stable')).concat(windows('a', 'major', 'major')),
      {},
      'none',
    ],
  ] as const)('%s', (_, found, importance, kind) => {
    expect(decide({ windows: found, importance }).kind).toBe(kind);
  });

  test('performance that has fallen, once it fires', () => {
    expect(decide({ openAlerts: [alert('QualityBelowObjective', true)] })).toEqual({
      kind: 'ask',
      reason: 'performance has fallen: QualityBelowObjective fires',
    });
    expect(decide({ openAlerts: [alert('QualityBelowObjective', false)] }).kind).toBe('none');
    expect(decide({ openAlerts: [alert('Other', true)] }).kind).toBe('none');
  });

  test('a rule with retrain among its actions, once it fires and unless something forbids it', () => {
    const asking = alert('DriftedAndStale', true, true);
    expect(decide({ openAlerts: [asking] })).toEqual({
      kind: 'ask',
      reason: 'DriftedAndStale fires, and retraining is among its actions',
    });
    expect(decide({ openAlerts: [alert('DriftedAndStale', false, true)] }).kind).toBe('none');
    expect(decide({ openAlerts: [asking, alert('FeaturePipelineBroken', true)] }).kind).toBe('blocked');
  });
});

describe('what forbids it', () => {
  test.each([
    [
      'an open data-quality alert',
      { openAlerts: [alert('MissingValuesSpike', false)] },
      'the data-quality alert MissingValuesSpike is open',
    ],
    [
      'a request that waits for approval',
      { requests: [request('awaiting_approval', 9)] },
      'request r9 is awaiting approval',
    ],
    ['a request under way', { requests: [request('requested', 9)] }, 'request r9 is requested'],
    ['the cooldown', { requests: [request('cured', 0.5)] }, 'the last request is younger than the cooldown'],
    [
      'the budget',
      { requests: [2, 8, 15, 29].map((days) => request('not_cured', days)) },
      'the budget of 4 requests in thirty days is spent',
    ],
  ] as const)('%s', (_, change, blockedBy) => {
    expect(decide({ windows: drifted, ...change })).toMatchObject({ kind: 'blocked', blockedBy });
  });

  test('but not what is long over, nor what was rejected', () => {
    const requests = [
      ...[2, 8, 15].map((days) => request('cured', days)),
      request('rejected', 20),
      request('cured', 31),
    ];
    expect(decide({ windows: drifted, requests }).kind).toBe('ask');
  });
});
