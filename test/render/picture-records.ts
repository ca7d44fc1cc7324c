import { jitter, MINUTES, signalStatement } from './picture-sql.ts';

/** Returns the statements that write what became of records, labels, changes and messages. */
export function recordStatements(): readonly string[] {
  return [
    signalStatement('evaluation_delay_seconds', '', "'', '', ''", jitter('7', 'delay', 0.3)),
    signalStatement('dead_letter_ratio', '', "'', '', ''", jitter('0.0004', 'dead', 0.5)),
    `INSERT INTO dead_letters (received, kind, receipt, line_no, field, reason, line)
     SELECT minute, 'predictions', n, 1, ['ts', 'model', 'prediction_id'][1 + n % 3], ['is more than one hour ahead', 'is not a valid name', 'is required'][1 + n % 3], '{}'
     FROM ${MINUTES} CROSS JOIN (SELECT number AS k FROM numbers(3)) AS copies WHERE n % 7 < 3`,
    `INSERT INTO ingest_receipts (receipt, received, accepted, rejected, late, oldest_ts, newest_ts, delay_ms)
     SELECT n, minute, 46000, if(n % 7 < 3, 3, 0), 20 + n % 11, minute, minute, 46000 * ${jitter('900', 'delay_ms', 0.4)} FROM ${MINUTES}`,
    ...['late-flights', 'card-fraud', 'churn'].map(
      (model) => `INSERT INTO labels (prediction_id, model, label_ts, label_number, label_class, received)
        SELECT concat('${model}', toString(n), '-', toString(k)), '${model}', minute - 60, 1, '', minute FROM ${MINUTES} CROSS JOIN (SELECT number AS k FROM numbers(${model.length * 3})) AS copies`,
    ),
    `INSERT INTO change_events (ts, kind, title, model, version, url)
     VALUES ('2026-11-20 10:00:00', 'deploy', 'Version 4 out', 'late-flights', '4', 'https://ci.example/74'),
            ('2026-11-20 07:10:00', 'retrain', 'Weekly retrain', 'late-flights', '4', ''),
            ('2026-11-20 06:20:00', 'node', 'Kernel update', '', '', '')`,
    `INSERT INTO silences (id, matchers, comment, created_by, starts, ends, removed, updated)
     VALUES ('s1', '[{"name":"model","value":"churn"}]', 'Moved to new nodes until noon', 'ana', '2026-11-20 08:00:00', '2026-11-20 12:00:00', 0, '2026-11-20 08:00:00'),
            ('s2', '[{"name":"alert","value":"LabelsLate"},{"name":"severity","value":"info","isEqual":false}]', 'The label feed is being rebuilt', 'joe', '2026-11-18 08:00:00', '2026-11-24 08:00:00', 0, '2026-11-18 08:00:00')`,
    `INSERT INTO avoided_alarms (alert, scope_key, model, clause, since, minutes, updated)
     SELECT ['GpuSaturatedAndLatencySloBreached', 'FeatureDriftAndQualityDown'][1 + number % 2], 'search-rank', 'search-rank',
       [['gpu_utilization_ratio above 0.85', 'latency_p99_seconds above slo_latency_p99_seconds'], ['drifted_features above 0', 'accuracy below slo_accuracy']][1 + number % 2][1 + intDiv(number, 2) % 2],
       toDateTime('2026-11-20 10:00:00', 'UTC') - number * 25000, 6 + number % 19, now() FROM numbers(38)`,
    `INSERT INTO outbox (delivery_id, target, dedup_key, action, body, state, occurred, created, updated, revision)
     SELECT toString(number), if(number % 3 = 0, 'alertmanager', 'pagerduty'), toString(number), if(number % 2 = 0, 'trigger', 'resolve'), '{}', 'delivered',
       minute AS occurred, minute, minute + 1 + number % 3, 1 FROM (SELECT number, toDateTime('2026-11-20 10:50:00', 'UTC') - number * 7200 AS minute FROM numbers(60))`,
  ];
}
