import type { PerformanceWindow } from '../../analysis/performance.ts';
import type { ConfiguredModel } from '../read/read-dependencies.ts';
import { decimal, number, percent } from './format.ts';
import { html, type Html } from './html.ts';
import { lineChart } from './line-chart.ts';
import type { ModelNumbers } from './model-data.ts';
import { heading, reproduce, table } from './parts.ts';

const WEEK_MS = 7 * 86_400_000;
const SECTION = html`<h2 id="performance">Performance by week</h2>`;

/** Returns quality by ISO week with label coverage, as a chart and a table. */
export function performanceSection({ performance, sql }: ModelNumbers, configured: ConfiguredModel | undefined): Html {
  const labeled = performance.reduce((sum, row) => sum + row.labeled, 0);
  if (labeled === 0) {
    return html`${SECTION}
<p>No labels have come for the predictions of this range: quality is not known.</p>
${reproduce(sql.performance)}`;
  }
  const isRegression = performance.some((row) => row.mae !== null);
  return html`${SECTION}
${isRegression ? regressionChart(performance, configured) : classificationChart(performance, configured)}
${isRegression ? regressionTable(performance) : classificationTable(performance)}
${reproduce(sql.performance)}`;
}

const CAPTION =
  'Weeks of the prediction’s time, over predictions of status ok whose label has come; coverage is the share that have one.';

function classificationChart(rows: readonly PerformanceWindow[], configured: ConfiguredModel | undefined): Html {
  const objective = configured?.slo?.accuracy;
  return lineChart({
    id: 'performance',
    title: 'Accuracy, AUC and label coverage by week',
    caption: CAPTION,
    ...spanOf(rows),
    series: [
      { name: 'accuracy', tone: 1, points: rows.map((row) => [row.fromMs, row.accuracy]) },
      { name: 'AUC', tone: 2, points: rows.map((row) => [row.fromMs, row.auc]) },
      { name: 'label coverage', tone: 4, points: rows.map((row) => [row.fromMs, row.labelCoverage]) },
    ],
    objective:
      objective === undefined ? undefined : { name: `objective for accuracy ${percent(objective)}`, value: objective },
    format: (value) => percent(value, 0),
    bounds: { low: 0, high: 1 },
  });
}

function regressionChart(rows: readonly PerformanceWindow[], configured: ConfiguredModel | undefined): Html {
  const objective = configured?.slo?.mae;
  return lineChart({
    id: 'performance',
    title: 'Errors by week',
    caption: CAPTION,
    ...spanOf(rows),
    series: [
      { name: 'mean absolute error', tone: 1, points: rows.map((row) => [row.fromMs, row.mae]) },
      { name: 'root mean squared error', tone: 2, points: rows.map((row) => [row.fromMs, row.rmse]) },
      { name: 'bias (predicted minus actual)', tone: 3, points: rows.map((row) => [row.fromMs, row.bias]) },
    ],
    objective:
      objective === undefined ? undefined : { name: `objective for MAE ${number(objective)}`, value: objective },
    format: (value) => number(value),
  });
}

function spanOf(rows: readonly PerformanceWindow[]) {
  const fromMs = rows[0]?.fromMs ?? 0;
  return { fromMs, toMs: Math.max(fromMs + WEEK_MS, rows.at(-1)?.fromMs ?? 0), gapMs: WEEK_MS };
}

function classificationTable(rows: readonly PerformanceWindow[]): Html {
  const names = ['Accuracy', 'AUC', 'Precision', 'Recall', 'F1', 'Log loss', 'Brier'];
  return weekTable(rows, names, (row) => [
    percent(row.accuracy),
    decimal(row.auc),
    decimal(row.precision),
    decimal(row.recall),
    decimal(row.f1),
    decimal(row.logLoss),
    decimal(row.brier),
  ]);
}

function regressionTable(rows: readonly PerformanceWindow[]): Html {
  return weekTable(rows, ['MAE', 'RMSE', 'R²', 'Bias'], (row) => [
    number(row.mae),
    number(row.rmse),
    decimal(row.r2),
    number(row.bias),
  ]);
}

function weekTable(
  rows: readonly PerformanceWindow[],
  names: readonly string[],
  cells: (row: PerformanceWindow) => readonly string[],
): Html {
  return table({
    name: 'Performance by week',
    caption: 'The same by ISO week, with the counts each number rests on.',
    head: [
      heading('Week', 't'),
      heading('Predictions'),
      heading('Labelled'),
      heading('Coverage'),
      ...names.map((name) => heading(name)),
    ],
    rows: rows.map(
      (
        row,
      ) => html`<tr><th scope="row" class="t">${row.window}</th><td>${number(row.predictions)}</td><td>${number(row.labeled)}</td><td>${percent(row.labelCoverage)}</td>${cells(row).map((cell) => html`<td>${cell}</td>`)}</tr>
`,
    ),
  });
}
