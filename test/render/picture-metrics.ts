const STEP_SECONDS = 15;
const STEPS = 6 * 240 + 1;
const MINUTES_OF_TROUBLE = 90;

interface Metric {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** Of the position in time from 0 to 1. */
  readonly gauge?: (at: number) => number;
  /** Growth a second. */
  readonly counter?: (at: number) => number;
}

/** Returns six hours of Plumbline's own metrics as OpenMetrics text, ending at `toMs`; a delivery target is away for a while. */
export function pictureMetrics(toMs: number): string {
  const lines: string[] = [];
  const kinds = new Map<string, Metric[]>();
  for (const metric of metrics(toMs)) kinds.set(metric.name, [...(kinds.get(metric.name) ?? []), metric]);
  for (const [name, list] of kinds) {
    // Untyped, because a backfill asks for no more.
    lines.push(`# TYPE ${name} unknown`, ...list.flatMap((metric) => samples(metric, toMs)));
  }
  return `${lines.join('\n')}\n# EOF\n`;
}

function samples(metric: Metric, toMs: number): readonly string[] {
  const labels = Object.entries(metric.labels ?? {}).map(([name, value]) => `${name}="${value}"`);
  const head = `${metric.name}{${labels.join(',')}}`;
  let total = 0;
  return Array.from({ length: STEPS }, (_none, index) => {
    const at = index / (STEPS - 1);
    total += (metric.counter?.(at) ?? 0) * STEP_SECONDS;
    const value = metric.gauge?.(at) ?? total;
    return `${head} ${Number(value.toPrecision(12))} ${toMs / 1000 - (STEPS - 1 - index) * STEP_SECONDS}`;
  });
}

const wave = (base: number, share: number, turns: number) => (at: number) =>
  base * (1 + share * Math.sin(at * turns * 2 * Math.PI));
const constant = (value: number) => () => value;
const trouble = (at: number): number => (Math.abs(at - 0.55) < MINUTES_OF_TROUBLE / 720 / 2 ? 1 : 0);

function metrics(toMs: number): readonly Metric[] {
  const buckets = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
  const histogram = (name: string, labels: Readonly<Record<string, string>>, median: number): readonly Metric[] =>
    [...buckets.map((le) => [String(le), 1 - Math.exp(-(le / median) * 0.69)] as const), ['+Inf', 1] as const].map(
      ([le, share]) => ({ name: `${name}_bucket`, labels: { ...labels, le }, counter: wave(12 * share, 0.2, 1) }),
    );
  return [
    { name: 'plumbline_evaluation_last_success_timestamp_seconds', gauge: (at) => toMs / 1000 - (1 - at) * 21_600 - 9 },
    ...['kafka', 'http', 'prometheus'].map((collector) => ({
      name: 'plumbline_ingest_collector_up',
      labels: { collector },
      gauge: constant(1),
    })),
    { name: 'plumbline_ingest_rows_total', counter: wave(770, 0.25, 1) },
    {
      name: 'plumbline_ingest_accepted_total',
      labels: { collector: 'kafka', kind: 'predictions' },
      counter: wave(690, 0.25, 1),
    },
    {
      name: 'plumbline_ingest_accepted_total',
      labels: { collector: 'http', kind: 'labels' },
      counter: wave(70, 0.5, 2),
    },
    { name: 'plumbline_ingest_rejected_total', labels: { collector: 'kafka' }, counter: wave(0.05, 0.9, 3) },
    { name: 'plumbline_ingest_late_total', labels: { collector: 'kafka' }, counter: wave(0.35, 0.6, 4) },
    { name: 'plumbline_ingest_duplicates_total', labels: { collector: 'http' }, counter: (at) => 0.1 * trouble(at) },
    ...['kafka', 'http'].flatMap((collector, index) => [
      ...histogram('plumbline_ingest_delay_seconds', { collector }, 0.6 + 0.3 * index),
      ...histogram('plumbline_ingest_batch_seconds', { collector }, 0.12),
    ]),
    { name: 'plumbline_ingest_pending_bytes', gauge: (at) => 2e5 + 6e6 * trouble(at) },
    { name: 'plumbline_ingest_lag_seconds', gauge: (at) => 0.4 + 9 * trouble(at) },
    ...['0', '1', '2'].map((partition, index) => ({
      name: 'plumbline_kafka_lag',
      labels: { topic: 'predictions', partition },
      gauge: (at: number) => Math.round(40 + 20 * index + 3000 * (index + 1) * trouble(at)),
    })),
    ...['dcgm', 'serving'].map((job, index) => ({
      name: 'plumbline_scrape_up',
      labels: { job, instance: `gpu-node-${index}:9400` },
      gauge: (at: number) => (index === 0 && trouble(at) === 1 ? 0 : 1),
    })),
    ...['drift', 'performance', 'signals', 'rules'].map((operation, index) => ({
      name: 'plumbline_operation_duration_seconds_sum',
      labels: { area: 'analysis', operation },
      counter: wave(0.09 / (index + 1), 0.3, 2 + index),
    })),
    {
      name: 'plumbline_operation_failures_total',
      labels: { area: 'analysis', operation: 'drift' },
      counter: constant(0),
    },
    {
      name: 'plumbline_operation_failures_total',
      labels: { area: 'notify', operation: 'deliver' },
      counter: (at) => 0.05 * trouble(at),
    },
    ...['pagerduty', 'alertmanager'].map((target, index) => ({
      name: 'plumbline_delivery_pending',
      labels: { target },
      gauge: (at: number) => (index === 0 ? Math.round(6 * trouble(at)) : 0),
    })),
    {
      name: 'plumbline_delivery_attempts_total',
      labels: { target: 'pagerduty', outcome: 'delivered' },
      counter: wave(0.01, 0.9, 3),
    },
    {
      name: 'plumbline_delivery_attempts_total',
      labels: { target: 'pagerduty', outcome: 'failed' },
      counter: (at) => 0.05 * trouble(at),
    },
    {
      name: 'plumbline_delivery_attempts_total',
      labels: { target: 'alertmanager', outcome: 'delivered' },
      counter: wave(0.012, 0.9, 4),
    },
    ...['GPU-7f1c', 'GPU-2b90'].map((gpu, index) => ({
      name: 'plumbline_pod_info',
      labels: {
        model: 'late-flights',
        namespace: 'serving',
        pod: `late-flights-${index}`,
        node: `gpu-node-${index + 1}`,
        gpu,
      },
      gauge: constant(1),
    })),
  ];
}
