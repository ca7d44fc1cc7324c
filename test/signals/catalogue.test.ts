import { describe, expect, it } from 'vitest';
import { findSignal, unitOf } from '../../src/signals/catalogue.ts';
import { labelsOf } from '../../src/signals/signal-definition.ts';

describe('findSignal', () => {
  it('returns the definition of a fixed name', () => {
    expect(findSignal('latency_p99_seconds')).toEqual({
      name: 'latency_p99_seconds',
      group: 'service',
      unit: 'seconds',
      scope: ['model', 'version', 'segment'],
      help: 'Latency of predictions, 99th percentile of the minute.',
      direction: 'higher_is_worse',
      grafanaUnit: 's',
      bounded: false,
      sql: 'avg(value)',
      combine: 'avg',
      promql: 'plumbline_latency_p99_seconds{version="",segment=""}',
    });
  });

  it.each([
    ['business_bookings', 'number', 'neutral'],
    ['business_bookings_usd', 'usd', 'neutral'],
    ['business_conversion_ratio', 'ratio', 'neutral'],
    ['business_bookings_usd_vs_baseline_ratio', 'ratio', 'lower_is_worse'],
    ['business_vs_baseline_ratio', 'ratio', 'neutral'],
  ])('takes %s for a business metric', (name, unit, direction) => {
    expect(findSignal(name)).toMatchObject({ name, group: 'business', unit, direction, scope: ['model'] });
  });

  it.each(['', 'business_', 'business_9lives', 'business_a-b', 'Latency_p99_seconds', 'latency_p42_seconds', 'slo_f1'])(
    'knows no signal "%s"',
    (name) => {
      expect(findSignal(name)).toBeUndefined();
    },
  );

  it('gives every configurable objective the unit of the signal it is for', () => {
    for (const name of ['latency_p50_seconds', 'error_ratio', 'accuracy', 'auc', 'mae']) {
      expect(unitOf(`slo_${name}`)).toBe(unitOf(name));
    }
  });
});

describe('labelsOf', () => {
  it('puts the model first, also for signals without a model-level series', () => {
    expect(labelsOf({ scope: ['model', 'version', 'segment'] })).toEqual(['model', 'version', 'segment']);
    expect(labelsOf({ scope: ['feature'] })).toEqual(['model', 'feature']);
  });
});
