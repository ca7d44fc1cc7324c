import { alertAnnotations, changeAnnotations, handwrittenAnnotations } from '../src/grafana/annotations.ts';
import { buildDashboard } from '../src/grafana/build-dashboard.ts';
import type { JsonObject } from '../src/grafana/json.ts';
import type { PlacedPanel, Section } from '../src/grafana/layout.ts';
import { DASHBOARD_UIDS, PLUMBLINE } from '../src/grafana/links.ts';
import { addressVariable, dataSourceVariable } from '../src/grafana/variables.ts';
import { ownMetric, ownStats } from './panels/own-metrics.ts';
import { fleetSignal } from './panels/signal-charts.ts';

/** Returns the dashboard of Plumbline itself: is the observer alive? */
export function ownHealth(): JsonObject {
  return buildDashboard({
    uid: DASHBOARD_UIDS.self,
    title: 'Plumbline / Own health',
    description: 'Is the observer alive, and does it keep up?',
    variables: [dataSourceVariable('clickhouse'), dataSourceVariable('prometheus'), addressVariable()],
    annotations: [
      handwrittenAnnotations(),
      changeAnnotations({
        name: 'Changes of the platform',
        kinds: ['deploy', 'rollout', 'config', 'node', 'other'],
        color: 'blue',
        filter: FLEET,
      }),
      alertAnnotations(FLEET),
    ],
    links: [{ title: 'Readiness', url: `${PLUMBLINE}/readyz` }],
    sections: [nowSection(), inSection(), evaluateSection(), outSection()],
  });
}

/** Rows that belong to no model. */
const FLEET = "model = ''";

function line(height: number, ...panels: readonly PlacedPanel[]): Section['lines'][number] {
  return { height, panels: panels.map((panel) => ({ width: 24 / panels.length, panel })) };
}

function nowSection(): Section {
  return { id: 101, title: 'Now', lines: [line(4, ...ownStats(1))] };
}

function inSection(): Section {
  return {
    id: 102,
    title: 'In: do records arrive and get stored?',
    lines: [
      line(
        10,
        ownMetric({
          id: 10,
          title: 'Records stored',
          unit: 'cps',
          expr: 'sum by (collector, kind) (rate(plumbline_ingest_accepted_total[$__rate_interval]))',
          legend: '{{collector}} {{kind}}',
          shows: 'Shows records stored per second by collector and kind.',
          act: 'A collector at zero that should not be is stopped or cut off: see whether it is up.',
        }),
        ownMetric({
          id: 11,
          title: 'Records refused, late and sent again',
          unit: 'cps',
          expr: 'sum by (collector) (rate(plumbline_ingest_rejected_total[$__rate_interval]))',
          legend: '{{collector}} refused',
          more: [
            ['sum by (collector) (rate(plumbline_ingest_late_total[$__rate_interval]))', '{{collector}} late'],
            [
              'sum by (collector) (rate(plumbline_ingest_duplicates_total[$__rate_interval]))',
              '{{collector}} sent again',
            ],
          ],
          shows: 'Shows records per second that were refused, came after their minute, or had been stored before.',
          act: 'Refused: look at data quality; sent again for long: a sender does not get its answers.',
        }),
      ),
      line(
        10,
        ownMetric({
          id: 12,
          title: 'From record to stored, p95',
          unit: 's',
          expr: 'histogram_quantile(0.95, sum by (collector, le) (rate(plumbline_ingest_delay_seconds_bucket[$__rate_interval])))',
          legend: '{{collector}} whole way',
          more: [
            [
              'histogram_quantile(0.95, sum by (collector, le) (rate(plumbline_ingest_batch_seconds_bucket[$__rate_interval])))',
              '{{collector}} within Plumbline',
            ],
          ],
          shows:
            'Shows the 95th percentile of the time from a record’s own time to its being stored, and of the part within Plumbline.',
          act: 'Slow within Plumbline is the database: see waiting below; slow outside is the sender or Kafka.',
        }),
        ownMetric({
          id: 13,
          title: 'Waiting for the database',
          unit: 'bytes',
          expr: 'max(plumbline_ingest_pending_bytes)',
          legend: 'bytes waiting',
          more: [['max(plumbline_ingest_lag_seconds)', 'oldest']],
          units: [{ pattern: '/oldest/', unit: 's' }],
          shows: 'Shows how much has been taken but not stored yet, and how long the oldest of it waits.',
          act: 'Rising for minutes means that the database cannot keep up or is down; senders are then turned away and nothing is lost.',
        }),
      ),
      line(
        10,
        ownMetric({
          id: 14,
          title: 'Kafka: messages behind',
          unit: 'short',
          expr: 'sum by (topic, partition) (plumbline_kafka_lag)',
          legend: '{{topic}}/{{partition}}',
          shows: 'Shows messages of each partition that are not stored yet.',
          act: 'One partition rising is a hot key or a poisoned message; all rising is the database or too few consumers.',
        }),
        ownMetric({
          id: 15,
          title: 'Exporters that do not answer',
          unit: 'none',
          expr: 'sum by (job) (1 - plumbline_scrape_up)',
          legend: '{{job}}',
          shows: 'Shows the number of scraped targets of each job that did not answer the last time.',
          act: 'Signals of these targets are no_data, not zero: mend the exporter or the network.',
        }),
      ),
    ],
  };
}

function evaluateSection(): Section {
  return {
    id: 103,
    title: 'Evaluation: is every minute concluded in time?',
    lines: [
      line(
        10,
        fleetSignal({
          id: 20,
          title: 'Delay of the evaluation',
          signal: 'evaluation_delay_seconds',
          act: 'Above a minute alerts come late: look at the durations beside.',
          bands: [
            { value: null, color: 'transparent' },
            { value: 60, color: 'red' },
          ],
        }),
        ownMetric({
          id: 21,
          title: 'Time spent by operation',
          unit: 'percentunit',
          expr: 'topk(10, sum by (area, operation) (rate(plumbline_operation_duration_seconds_sum[$__rate_interval])))',
          legend: '{{area}} {{operation}}',
          shows: 'Shows the ten operations that take the most time, as the share of one second.',
          act: 'One that grows with the data is a query to look at; all growing together is a database without CPU.',
        }),
      ),
      line(
        10,
        fleetSignal({
          id: 22,
          title: 'Share of records refused',
          signal: 'dead_letter_ratio',
          act: 'Look at data quality for the reasons.',
          softMax: 0.01,
        }),
        ownMetric({
          id: 23,
          title: 'Operations that failed',
          unit: 'cps',
          expr: 'sum by (area, operation) (rate(plumbline_operation_failures_total[$__rate_interval])) > 0',
          legend: '{{area}} {{operation}}',
          shows: 'Shows failures per second by operation; empty when there is none.',
          act: 'Read the log for the event of the same operation.',
        }),
      ),
    ],
  };
}

function outSection(): Section {
  return {
    id: 104,
    title: 'Out: do people hear of it?',
    lines: [
      line(
        10,
        ownMetric({
          id: 30,
          title: 'Messages owed',
          unit: 'none',
          expr: 'sum by (target) (plumbline_delivery_pending)',
          legend: '{{target}}',
          shows: 'Shows the messages about alerts that a receiver has not taken yet.',
          act: 'Above zero for minutes means that a receiver refuses or is down: pages are late.',
        }),
        ownMetric({
          id: 31,
          title: 'Attempts by outcome',
          unit: 'cps',
          expr: 'sum by (target, outcome) (rate(plumbline_delivery_attempts_total[$__rate_interval]))',
          legend: '{{target}} {{outcome}}',
          shows: 'Shows attempts per second to tell a receiver, by outcome.',
          act: 'Parked means refused for good: nobody has seen that message.',
        }),
      ),
    ],
  };
}
