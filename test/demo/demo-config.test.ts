import { expect, it } from 'vitest';
import { parseConfig } from '../../src/config.ts';
import { demoConfig } from '../../src/demo/demo-config.ts';
import { REFERENCE, TRAINING } from '../../src/demo/demo-dates.ts';

it('is a configuration that the service accepts', () => {
  const config = parseConfig(
    demoConfig({
      port: 0,
      dataPath: 'somewhere',
      reference: REFERENCE,
      trainedAtMs: TRAINING.holdOutMs,
      exporter: '127.0.0.1:9400',
      pagerduty: 'http://127.0.0.1:9401',
    }),
    'demo',
  );
  const [model] = config.models;
  expect(model?.reference).toEqual({ kind: 'fixed', from: REFERENCE.fromMs, to: REFERENCE.toMs });
  expect(model?.rules).toEqual({ GpuSaturatedAndLatencySloBreached: { requests_per_second: 0.05 } });
  expect(config.collectors.prometheus.scrape.map(({ targets }) => targets)).toEqual([['127.0.0.1:9400']]);
});
