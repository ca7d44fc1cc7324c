import { mkdirSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { loadRules } from '../../src/alerting/load-rules.ts';
import { readRuleFiles } from '../../src/alerting/read-rule-files.ts';
import { systemClock } from '../../src/core/clock.ts';
import { UsageError } from '../../src/core/errors.ts';
import { type Receiver, startReceiver } from '../notify/receiver.ts';
import { waitFor } from '../support/processes.ts';
import { ServiceYard } from '../support/service.ts';
import type { Bench } from './bench.ts';
import { median } from './calibration/bounds.ts';
import { startBusyGpus } from './page-delay/busy-gpus.ts';
import { type PrometheusChain, startPrometheusChain } from './page-delay/prometheus-chain.ts';
import { type Crossings, driveTraffic, SLOW_ABOVE_SECONDS, type Traffic } from './page-delay/traffic.ts';

/** Seconds from the first slow prediction to the event at PagerDuty, in real time, with the built program. */
export const pageDelayBench: Bench = {
  name: 'page-delay',
  describe:
    'seconds from the first bad record to the event that PagerDuty receives, straight and through Prometheus and Alertmanager (when installed); argument quick takes only `for: 0s` and only the straight way: 4 minutes instead of 11',
  run: async ([part = 'all']) => {
    if (part !== 'all' && part !== 'quick') throw new UsageError(`The part must be all or quick, not '${part}'.`);
    const yard = new ServiceYard();
    const receiver = await startReceiver();
    const gpus = await startBusyGpus([...MODELS.keys()]);
    let chain: PrometheusChain | undefined;
    let traffic: Traffic | undefined;
    try {
      const path = prepare(yard, { pagerduty: `${receiver.url}/native`, exporter: gpus.target });
      const { rules } = loadRules(await readRuleFiles([`${path}/rules`, SHIPPED_RULE]), { mayLack: true });
      const { url } = await yard.start(path);
      if (part === 'all')
        chain = await startPrometheusChain({ rules, plumbline: url, pagerduty: `${receiver.url}/alertmanager` });
      traffic = await driveTraffic({ url, models: MODELS, clock: systemClock });
      const { crossings } = traffic;
      const paths = chain === undefined ? ['native'] : ['native', 'alertmanager'];
      for (const rule of part === 'quick' ? [AT_ONCE] : [AT_ONCE, SHIPPED]) {
        for (const through of paths) await measure({ receiver, crossings, through, rule });
      }
    } finally {
      await traffic?.stop();
      await chain?.stop();
      await gpus.stop();
      await receiver.stop();
      await yard.end();
    }
  },
};

/** Second of the minute at which each model becomes slow. */
const MODELS = new Map([3, 13, 23, 33, 43, 53].map((second) => [`slow-from-${second}`, second]));
const SHIPPED_RULE = 'alerts/gpu-saturated-and-latency-slo-breached.yaml';
/** How a rule is called in the figures, and how its pages are known. */
const AT_ONCE = { name: 'for: 0s', summary: ': at once' } as const;
const SHIPPED = { name: 'GpuSaturatedAndLatencySloBreached, for: 5m', summary: ': GPU' } as const;
/** No page comes later than this, but on a machine that does too much else. */
const PATIENCE_MS = 900_000;

const AT_ONCE_TEXT = `alert: SlowAtOnce
severity: critical
when:
  all:
    - { signal: latency_p99_seconds, above: slo_latency_p99_seconds }
    - { signal: requests_per_second, above: 1 }
summary: "{{model}}: at once, p99 {{latency_p99_seconds}}"
runbook: LatencyBudgetBurnsFast
actions: [page]
`;

function prepare(
  yard: ServiceYard,
  { pagerduty, exporter }: { readonly pagerduty: string; readonly exporter: string },
): string {
  const path = yard.folder();
  mkdirSync(`${path}/rules`);
  writeFileSync(`${path}/rules/slow-at-once.yaml`, AT_ONCE_TEXT);
  yard.configure(path, {
    rules: [`${path}/rules`, SHIPPED_RULE, 'alerts/gpu-fault-on-serving-node.yaml'],
    models: [...MODELS.keys()].map((name) => ({
      name,
      slo: { latency_p99_seconds: SLOW_ABOVE_SECONDS },
      gpu: { pod: name },
    })),
    collectors: { prometheus: { scrape: [{ job: 'gpus', targets: [exporter] }] } },
    notify: {
      pagerduty: { routing_key: '0123456789abcdef0123456789abcdef', url: pagerduty },
      group: { by: ['alert', 'scope'] },
    },
  });
  return path;
}

const eventSchema = z.looseObject({ event_action: z.string(), payload: z.looseObject({ summary: z.string() }) });

async function measure(job: {
  readonly receiver: Receiver;
  readonly crossings: Crossings;
  readonly through: string;
  readonly rule: typeof AT_ONCE | typeof SHIPPED;
}): Promise<void> {
  const { receiver, crossings, through, rule } = job;
  const receivedMs = (model: string): number | undefined =>
    receiver.received.find(({ path, body }) => {
      const event = eventSchema.safeParse(body).data;
      const isPage = path.startsWith(`/${through}/`) && event?.event_action === 'trigger';
      return isPage && event.payload.summary.startsWith(`${model}${rule.summary}`);
    })?.receivedMs;
  const delays: Record<string, number> = {};
  for (const [model, crossedMs] of crossings) {
    const at = await waitFor(`the page of ${model} (${rule.name}, ${through})`, () => receivedMs(model), PATIENCE_MS);
    delays[String(MODELS.get(model))] = Math.round((at - crossedMs) / 100) / 10;
  }
  const seconds = Object.values(delays);
  const figures = {
    bench: 'page-delay',
    case: rule.name,
    through,
    crossings: seconds.length,
    p50_seconds: median(seconds),
    max_seconds: Math.max(...seconds),
    seconds_by_second_of_the_minute: delays,
  };
  process.stdout.write(`${JSON.stringify(figures)}\n`);
}
