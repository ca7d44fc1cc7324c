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

/** Returns the chart of the log loss of a classifier. */
export function logLossPanel(id: number): PlacedPanel {
  return timeSeriesPanel({
    text: {
      id,
      title: 'Log loss',
      shows:
        'Shows the log loss in nats of predictions whose labels have come: how wrong and how sure a classifier was.',
      from: 'signal log_loss in table signals',
      act: 'Rising with a steady AUC is calibration: the order is right and the probabilities are not.',
      empty: 'No log loss: it needs labels and scores of a classifier.',
    },
    unit: sharedUnit('log_loss'),
    columns: ['log loss'],
    decimals: 3,
    min: null,
    targets: [query('A', 'log_loss', 'log loss')],
  });
}

/** Returns the chart of the size of the errors of a regression. */
export function errorSizePanel(id: number): PlacedPanel {
  return timeSeriesPanel({
    text: {
      id,
      title: 'Size of the errors',
      shows: 'Shows the mean absolute error and the root of the mean squared error, in the unit of the label.',
      from: 'signals mae and rmse in table signals',
      act: 'RMSE rising faster than MAE is a few large errors: look for them by segment; both rising is the model as a whole.',
      empty: 'No MAE or RMSE: they need labels of a regression.',
    },
    unit: sharedUnit('mae', 'rmse'),
    columns: ['MAE', 'RMSE'],
    targets: [query('A', 'mae', 'MAE'), query('B', 'rmse', 'RMSE')],
  });
}

function query(refId: string, signal: string, title: string): ReturnType<typeof clickHouseQuery> {
  return clickHouseQuery({ refId, format: 'timeseries', sql: signalSeriesSql(signal, title) });
}
