import type { PerformanceWindow } from '../../analysis/performance.ts';
import type { ConfiguredModel } from '../read/read-dependencies.ts';
import type { TimeAxis } from './chart-frame.ts';
import { decimal, number, percent } from './format.ts';
import { html, type Html } from './html.ts';
import { lineChart } from './line-chart.ts';
import type { ModelNumbers } from './model-data.ts';
import { heading, reproduce, table } from './parts.ts';

const WEEK_MS = 7 * 86_400_000;
const SECTION = html`<h2 id="performance">Performance by week</h2>`;

/** Returns quality by ISO week with label coverage, as a chart and a table. */
export function performanceSection({ rows, sql }: ModelNumbers, configured: ConfiguredModel | undefined): Html {
  if (rows === undefined) {
    return html`${SECTION}
<p role="status">Quality is being added up from the single predictions of this range. This page loads itself again until it is there.</p>
${reproduce(sql.performance)}`;
  }
  const { performance } = rows;
  const labeled = performance.reduce((sum, row) => sum + row.labeled, 0);
  if (labeled === 0) {
    return html`${SECTION}
<p>No labels have come for the predictions of this range: quality is not known.</p>
${reproduce(sql.performance)}`;
  }
  return html`${SECTION}
${performanceChart(performance, { configured, every: 'week', axis: spanOf(performance) })}
${performanceTable(performance, 'week')}
${reproduce(sql.performance)}`;
}

/** Returns quality by window with label coverage as a chart. */
export function performanceChart(
  rows: readonly PerformanceWindow[],
  options: { readonly configured: ConfiguredModel | undefined; readonly every: string; readonly axis: TimeAxis },
): Html {
  const { configured, every, axis } = options;
  const first = rows[0];
  const frame = {
    id: 'performance-chart',
    caption: `By ${every} of the prediction’s time, over predictions of status ok whose label has come; coverage is the share that have one.`,
    ...axis,
    gapMs: first === undefined ? 0 : first.toMs - first.fromMs,
  };
  return isRegression(rows)
    ? lineChart({ ...frame, ...regressionLines(rows, configured), title: `Errors by ${every}` })
    : lineChart({
        ...frame,
        ...classificationLines(rows, configured),
        title: `Accuracy, AUC and label coverage by ${every}`,
      });
}

/** Returns quality by window as a table with the counts that each number rests on. */
export function performanceTable(rows: readonly PerformanceWindow[], every: string): Html {
  return isRegression(rows) ? regressionTable(rows, every) : classificationTable(rows, every);
}

function isRegression(rows: readonly PerformanceWindow[]): boolean {
  return rows.some((row) => row.mae !== null);
}

function classificationLines(rows: readonly PerformanceWindow[], configured: ConfiguredModel | undefined) {
  const objective = configured?.slo?.accuracy;
  return {
    series: [
      { name: 'accuracy', tone: 1, points: rows.map((row) => [row.fromMs, row.accuracy] as const) },
      { name: 'AUC', tone: 2, points: rows.map((row) => [row.fromMs, row.auc] as const) },
      { name: 'label coverage', tone: 4, points: rows.map((row) => [row.fromMs, row.labelCoverage] as const) },
    ],
    objective:
      objective === undefined ? undefined : { name: `objective for accuracy ${percent(objective)}`, value: objective },
    format: (value: number | null | undefined) => percent(value, 0),
    bounds: { low: 0, high: 1 },
  } as const;
}

function regressionLines(rows: readonly PerformanceWindow[], configured: ConfiguredModel | undefined) {
  const objective = configured?.slo?.mae;
  return {
    series: [
      { name: 'mean absolute error', tone: 1, points: rows.map((row) => [row.fromMs, row.mae] as const) },
      { name: 'root mean squared error', tone: 2, points: rows.map((row) => [row.fromMs, row.rmse] as const) },
      { name: 'bias (predicted minus actual)', tone: 3, points: rows.map((row) => [row.fromMs, row.bias] as const) },
    ],
    objective:
      objective === undefined ? undefined : { name: `objective for MAE ${number(objective)}`, value: objective },
    format: (value: number | null | undefined) => number(value),
  } as const;
}

function spanOf(rows: readonly PerformanceWindow[]): TimeAxis {
  const fromMs = rows[0]?.fromMs ?? 0;
  return { fromMs, toMs: Math.max(fromMs + WEEK_MS, rows.at(-1)?.fromMs ?? 0) };
}

function classificationTable(rows: readonly PerformanceWindow[], every: string): Html {
  const names = ['Accuracy', 'AUC', 'Precision', 'Recall', 'F1', 'Log loss', 'Brier'];
  return windowTable(rows, { every, names }, (row) => [
    percent(row.accuracy),
    decimal(row.auc),
    decimal(row.precision),
    decimal(row.recall),
    decimal(row.f1),
    decimal(row.logLoss),
    decimal(row.brier),
  ]);
}

function regressionTable(rows: readonly PerformanceWindow[], every: string): Html {
  return windowTable(rows, { every, names: ['MAE', 'RMSE', 'R²', 'Bias'] }, (row) => [
    number(row.mae),
    number(row.rmse),
    decimal(row.r2),
    number(row.bias),
  ]);
}

function windowTable(
  rows: readonly PerformanceWindow[],
  { every, names }: { readonly every: string; readonly names: readonly string[] },
  cells: (row: PerformanceWindow) => readonly string[],
): Html {
  return table({
    name: `Performance by ${every}`,
    caption: `The same by ${every === 'week' ? 'ISO week' : every}, with the counts each number rests on.`,
    head: [
      heading(every === 'week' ? 'Week' : 'Window', 't'),
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
