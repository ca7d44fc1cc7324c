import type { Bench } from './bench.ts';
import { bench as calibration } from './calibration.ts';
import { dashboardsBench } from './dashboards.ts';
import { bench as drift } from './drift.ts';
import { httpIngestBench } from './http-ingest.ts';
import { kafkaIngestBench } from './kafka-ingest.ts';
import { pageDelayBench } from './page-delay.ts';
import { rollupDriftBench } from './rollup-drift.ts';
import { wideIngestBench } from './wide-ingest.ts';

/** Every benchmark, in the order they run. */
export const benches: readonly Bench[] = [
  calibration,
  dashboardsBench,
  drift,
  httpIngestBench,
  kafkaIngestBench,
  pageDelayBench,
  rollupDriftBench,
  wideIngestBench,
];
