import { expect, it } from 'vitest';
import { closestSignal } from '../../src/signals/closest-signal.ts';

it.each([
  ['latency_p99_second', 'latency_p99_seconds'],
  ['latency_p98_seconds', 'latency_p95_seconds'],
  ['gpu_utilisation_ratio', 'gpu_utilization_ratio'],
  ['GPU_UTILIZATION_RATIO', 'gpu_utilization_ratio'],
  ['request_per_second', 'requests_per_second'],
  ['acuracy', 'accuracy'],
  ['feature_psi', 'feature_psi'],
])('takes %s for %s', (typed, meant) => {
  expect(closestSignal(typed)).toBe(meant);
});

it.each(['', 'weather', 'completely_different_thing'])('finds nothing near "%s"', (typed) => {
  expect(closestSignal(typed)).toBeUndefined();
});
