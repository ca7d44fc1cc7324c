import { expect, test } from 'vitest';
import { dedupKeyOf, episodeOf, scopeKeyOf } from '../../src/alerting/scope.ts';

const instance = { model: 'fraud/a.b', version: '3', segment: 'carrier=AA', gpu: 'GPU-1/2' };

test.each([
  ['model', 'fraud/a.b'],
  ['version', 'fraud/a.b@3'],
  ['segment', 'fraud/a.b[carrier=AA]'],
  ['gpu', 'fraud/a.b[GPU-1/2]'],
  ['fleet', 'fleet'],
] as const)('the key of scope %s is %s', (scope, key) => {
  expect(scopeKeyOf(scope, instance)).toBe(key);
});

test('the dedup key is the alert and the scope, and the episode its first minute', () => {
  expect(dedupKeyOf('GpuBusy', 'm@3')).toBe('plumbline/GpuBusy/m@3');
  expect(episodeOf('GpuBusy', 'm@3', Date.UTC(2026, 10, 21, 10, 5))).toBe('GpuBusy/m@3/2026-11-21T10:05Z');
});

test.each([
  ['ascii', 'x'.repeat(300)],
  ['pairs', '😀'.repeat(200)],
])('a dedup key of a long scope (%s) has at most 255 characters and stays different', (_, long) => {
  const [one, other] = [dedupKeyOf('GpuBusy', `${long}1`), dedupKeyOf('GpuBusy', `${long}2`)];
  expect(one.length).toBeLessThanOrEqual(255);
  expect(one).not.toBe(other);
  expect(one).toBe(dedupKeyOf('GpuBusy', `${long}1`));
  expect(JSON.stringify(one)).not.toMatch(/\\ud[89a-f]/);
  expect(dedupKeyOf('A', 'x'.repeat(255 - 'plumbline/A/'.length))).toHaveLength(255);
});
