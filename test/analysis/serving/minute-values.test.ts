import { describe, expect, it } from 'vitest';
import { minuteValues, type ServingValue } from '../../../src/analysis/serving/minute-values.ts';
import type { ServingGauge, ServingRate } from '../../../src/store/queries/serving.ts';

const T = Date.UTC(2026, 10, 21, 10);

function rate(runtime: string, measure: string, value: number, more: Partial<ServingRate> = {}): ServingRate {
  return { t_ms: T, measure, runtime, model: 'm', version: '', part: '', outcome: '', le: 0, rate: value, ...more };
}

function gauge(runtime: string, measure: string, value: number, more: Partial<ServingGauge> = {}): ServingGauge {
  return { t_ms: T, measure, runtime, model: 'm', version: '', part: '', le: 0, total: value, top: value, ...more };
}

function conclude(
  rates: readonly ServingRate[],
  gauges: readonly ServingGauge[] = [],
  recorded = false,
): Readonly<Record<string, number>> {
  const values = minuteValues({ rates, gauges, isRecorded: () => recorded });
  return Object.fromEntries(values.map((row) => [nameOf(row), row.value]));
}

function nameOf({ signal, model, version, segment }: ServingValue): string {
  return [signal, model, version, segment].filter((part) => part !== '').join(' ');
}

describe('the serving signals of a minute', () => {
  it('believe the model server before the proxy before the mesh, signal by signal', () => {
    const values = conclude([
      rate('istio', 'requests', 20, { outcome: 'ok' }),
      rate('knative', 'requests', 9, { outcome: 'ok' }),
      rate('knative', 'requests', 1, { outcome: 'error' }),
      rate('kserve', 'requests', 8),
    ]);
    // KServe counts requests but no failures; those the queue-proxy knows.
    expect(values).toEqual({ 'requests_per_second m': 8, 'error_ratio m': 0.1 });
  });

  it('leave traffic, errors and latency to prediction records where there are any', () => {
    const rates = [rate('triton', 'requests', 8, { outcome: 'ok' }), rate('triton', 'batch_sum', 8)];
    const more = [rate('triton', 'batch_count', 2)];
    expect(conclude([...rates, ...more], [], true)).toEqual({ 'serving_batch_size m': 4 });
  });

  it('tell no error ratio without requests, and none of a runtime that does not tell failures', () => {
    expect(conclude([rate('triton', 'requests', 0, { outcome: 'ok' })])).toEqual({ 'requests_per_second m': 0 });
    expect(conclude([rate('torchserve', 'requests', 3)])).toEqual({ 'requests_per_second m': 3 });
  });

  it('have rows of each version for traffic, and of the model alone for the queue', () => {
    const values = conclude(
      [
        rate('triton', 'requests', 1, { version: '1', outcome: 'ok' }),
        rate('triton', 'requests', 3, { version: '2', outcome: 'ok' }),
      ],
      [gauge('triton', 'queue_depth', 5, { version: '2' })],
    );
    expect(values).toEqual({
      'requests_per_second m': 4,
      'requests_per_second m 1': 1,
      'requests_per_second m 2': 3,
      'error_ratio m': 0,
      'error_ratio m 1': 0,
      'error_ratio m 2': 0,
      'serving_queue_depth m': 5,
    });
  });

  it('give a queue to the model that owns it and count it in the cluster too', () => {
    const part = 'cluster_queue=a';
    const values = conclude(
      [],
      [gauge('kueue', 'pending', 2, { part }), gauge('kueue', 'pending', 3, { model: '', part: 'cluster_queue=b' })],
    );
    expect(values).toEqual({
      cluster_pending_workloads: 5,
      'cluster_pending_workloads cluster_queue=a': 2,
      'cluster_pending_workloads cluster_queue=b': 3,
      'cluster_pending_workloads m': 2,
      'cluster_pending_workloads m cluster_queue=a': 2,
    });
  });

  it.each([
    [
      'the prices of the nodes that its containers are on',
      [
        gauge('opencost', 'gpu_price', 2, { model: '', part: 'node=a' }),
        gauge('opencost', 'gpu_price', 3, { model: '', part: 'node=b' }),
        gauge('opencost', 'gpu_allocation', 1, { part: 'node=a' }),
        gauge('opencost', 'gpu_allocation', 2, { part: 'node=b' }),
      ],
      { 'allocated_cost_per_hour_usd m': 8 },
    ],
    [
      'what the allocation says before that',
      [
        gauge('opencost', 'gpu_price', 2, { model: '', part: 'node=a' }),
        gauge('opencost', 'gpu_allocation', 1, { part: 'node=a' }),
        gauge('allocation', 'cost_per_hour', 2.75),
      ],
      { 'allocated_cost_per_hour_usd m': 2.75 },
    ],
    ['nothing when a price is missing', [gauge('opencost', 'gpu_allocation', 1, { part: 'node=a' })], {}],
    [
      'nothing for what it does not hold',
      [gauge('opencost', 'gpu_allocation', 0, { part: 'node=a' }), gauge('allocation', 'cost_per_hour', 1)],
      { 'allocated_cost_per_hour_usd m': 1 },
    ],
  ])('take as cost %s', (_, gauges, expected) => {
    expect(conclude([], gauges)).toEqual(expected);
  });
});
