import { clickHouseQuery } from '../../src/grafana/clickhouse-query.ts';
import type { PlacedPanel } from '../../src/grafana/layout.ts';
import { sharedUnit, signalSeriesSql } from '../../src/grafana/sql.ts';
import { statPanel } from '../../src/grafana/stat-panel.ts';

/** Returns what became of the newest request to retrain, in words. */
export function retrainOutcomePanel(id: number): PlacedPanel {
  const title = 'Newest retraining';
  return statPanel({
    text: {
      id,
      title,
      shows:
        'Shows for seven days what became of the newest request to retrain: whether its version stopped the drift, or it is still open.',
      from: 'signal retrain_outcome in table signals',
      act: 'When it did not help while features still drift, do not ask again: follow the runbook of RetrainingDidNotCure.',
      empty: 'No request in seven days.',
    },
    unit: sharedUnit('retrain_outcome'),
    steps: [
      { value: null, color: 'red' },
      { value: 0, color: 'blue' },
      { value: 1, color: 'green' },
    ],
    words: { '-1': 'Did not help', '0': 'Open', '1': 'Cured the drift' },
    target: clickHouseQuery({ refId: 'A', format: 'timeseries', sql: signalSeriesSql('retrain_outcome', title) }),
  });
}
