import type { ConfigInput } from '../config/schema.ts';
import { MODEL_NAME } from './late-flights-model.ts';
import { SIMULATED_POD } from './simulated-incident.ts';
import { packageRoot } from '../package-info.ts';

/** As long as a routing key of PagerDuty, and clearly none. */
export const SIMULATED_ROUTING_KEY = 'simulatedsimulatedsimulated00000';

/** Returns the configuration the demo runs with, as plumbline.yaml would say it. */
export function demoConfig(options: {
  readonly port: number;
  readonly dataPath: string;
  readonly reference: { readonly fromMs: number; readonly toMs: number };
  readonly trainedAtMs: number;
  /** Host and port of the simulated GPU exporter. */
  readonly exporter: string;
  /** URL of the bundled PagerDuty receiver. */
  readonly pagerduty: string;
}): ConfigInput {
  return {
    server: { host: '127.0.0.1', port: options.port },
    clickhouse: { path: options.dataPath },
    telemetry: { log_level: 'warn' },
    collectors: { prometheus: { scrape: [{ job: 'simulated-gpu', targets: [options.exporter] }] } },
    models: [
      {
        name: MODEL_NAME,
        owner: 'demo',
        task: 'classification',
        slo: { latency_p99_seconds: 0.005, auc: 0.62 },
        reference: {
          kind: 'fixed',
          from: new Date(options.reference.fromMs).toISOString(),
          to: new Date(options.reference.toMs).toISOString(),
        },
        drift: { window: '1d' },
        labels: { horizon: '7d' },
        staleness: { trained_at: new Date(options.trainedAtMs).toISOString() },
        gpu: { pod: SIMULATED_POD },
        // Some 16 flights depart in a busy minute.
        rules: { GpuSaturatedAndLatencySloBreached: { requests_per_second: 0.05 } },
      },
    ],
    // The incident and what would explain it; real drift of real flights would page into the story otherwise.
    rules: ['gpu-saturated-and-latency-slo-breached', 'gpu-fault-on-serving-node'].map(
      (name) => `${packageRoot}/alerts/${name}.yaml`,
    ),
    notify: { pagerduty: { routing_key: SIMULATED_ROUTING_KEY, url: options.pagerduty, change_events: false } },
  };
}
