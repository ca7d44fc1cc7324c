import { clickHouseQuery } from '../../src/grafana/clickhouse-query.ts';
import type { PlacedPanel } from '../../src/grafana/layout.ts';
import { sharedUnit, signalSeriesSql } from '../../src/grafana/sql.ts';
import { timeSeriesPanel } from '../../src/grafana/time-series-panel.ts';

/** Returns the chart of accuracy, F1 and AUC beside the share of labels they rest on. */
export function performancePanel(id: number): PlacedPanel {
  return timeSeriesPanel({
    text: {
      id,
      title: 'Quality and label coverage',
      shows:
        'Shows accuracy, F1 and AUC of predictions whose labels have come, and as dashed lines the share that has one and the objective.',
      from: 'signals accuracy, f1, auc, label_coverage_ratio and slo_accuracy in table signals',
      act: 'Distrust quality where coverage is low; a fall with full coverage is the moment to retrain or to go back one version.',
    },
    unit: sharedUnit('accuracy', 'f1', 'auc', 'label_coverage_ratio', 'slo_accuracy'),
    max: 1,
    columns: ['accuracy', 'F1', 'AUC'],
    dashed: [
      { name: 'objective for accuracy', color: 'red' },
      { name: 'label coverage', color: 'text' },
    ],
    targets: [
      query('A', 'accuracy', 'accuracy'),
      query('B', 'f1', 'F1'),
      query('C', 'auc', 'AUC'),
      query('D', 'label_coverage_ratio', 'label coverage'),
      query('E', 'slo_accuracy', 'objective for accuracy'),
    ],
  });
}

/** Returns the chart of the size of the errors: log loss of a classifier, MAE and RMSE of a regression. */
export function errorSizePanel(id: number): PlacedPanel {
  return timeSeriesPanel({
    text: {
      id,
      title: 'Size of the errors',
      shows: 'Shows log loss in nats for a classifier, MAE and RMSE in the unit of the label for a regression.',
      from: 'signals log_loss, mae and rmse in table signals',
      act: 'RMSE rising faster than MAE is a few large errors: look for them by segment; both rising is the model as a whole.',
    },
    unit: sharedUnit('mae', 'rmse'),
    columns: ['log loss', 'MAE', 'RMSE'],
    targets: [query('A', 'log_loss', 'log loss'), query('B', 'mae', 'MAE'), query('C', 'rmse', 'RMSE')],
  });
}

function query(refId: string, signal: string, title: string): ReturnType<typeof clickHouseQuery> {
  return clickHouseQuery({ refId, format: 'timeseries', sql: signalSeriesSql(signal, title) });
}
