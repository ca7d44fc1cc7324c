import { expect, test } from 'vitest';
import { formatDuration, parseDuration } from '../../src/alerting/duration.ts';
import { formatSignal, renderSummary } from '../../src/alerting/render-summary.ts';

test.each([
  ['gpu_utilization_ratio', 0.934_26, '93.43%'],
  ['latency_p99_seconds', 0.46, '460ms'],
  ['latency_p99_seconds', 0.000_25, '250us'],
  ['latency_p99_seconds', 1.23456, '1.235s'],
  ['latency_p99_seconds', 0, '0s'],
  ['model_age_seconds', 93_784, '1d 2h 3m 4s'],
  ['model_age_seconds', 90, '1m 30s'],
  ['requests_per_second', 12.0, '12/s'],
  ['gpu_temperature_celsius', 85.5, '85.5°C'],
  ['drift_score', 0.123_456, '0.1235'],
  ['business_bookings', 1234.5, '1235'],
  ['gpu_utilization_ratio', undefined, 'no data'],
])('%s %s reads %s', (signal, value, text) => {
  expect(formatSignal(signal, value)).toBe(text);
});

test('a summary fills names and signals, with or without spaces', () => {
  const text = renderSummary('{{model}}@{{ version }}: {{ error_ratio }}, {{auc}}', {
    texts: { model: 'm', version: '3' },
    values: { error_ratio: 0.01 },
  });
  expect(text).toBe('m@3: 1%, no data');
});

test.each([
  ['30s', 30_000, '30s'],
  ['90s', 90_000, '90s'],
  ['5m', 300_000, '5m'],
  ['120m', 7_200_000, '2h'],
  ['48h', 172_800_000, '2d'],
  ['0s', 0, '0s'],
])('the duration %s is %i ms and is written %s', (text, durationMs, written) => {
  expect(parseDuration(text)).toBe(durationMs);
  expect(formatDuration(durationMs)).toBe(written);
});

test.each(['', '5', 'm', '5 m', '-5m', '1.5h', '5w', '5m30s', '99999999s'])('%j is no duration', (text) => {
  expect(parseDuration(text)).toBeUndefined();
});
