import type { DriftReport, FeatureReport, WindowReport } from '../analysis/drift/report.ts';
import type { PerformanceWindow } from '../analysis/performance.ts';
import { describePage, type ReceivedPage } from './pagerduty-receiver.ts';
import type { HoldOutFigures } from './train.ts';

/** Everything the demo measured, for the summary at its end. */
export interface DemoFacts {
  readonly predictions: number;
  readonly labels: number;
  readonly bytes: number;
  readonly replaySeconds: number;
  readonly startSeconds: number;
  readonly firstPageSeconds: number;
  readonly totalSeconds: number;
  readonly peakBytes: { readonly service: number | undefined; readonly engine: number | undefined };
  readonly holdOut: HoldOutFigures;
  readonly threshold: number;
  /** By month. */
  readonly quality: readonly PerformanceWindow[];
  readonly drift: DriftReport;
  readonly pages: readonly ReceivedPage[];
}

/** Features named per month. */
const TOP = 3;

/** Returns the summary of a demo as lines of at most some 120 characters. */
export function renderSummary(facts: DemoFacts): readonly string[] {
  const rows = facts.predictions + facts.labels;
  const perSecond = rows / facts.replaySeconds;
  return [
    '',
    'Late flights: what happened',
    `  records     ${whole(facts.predictions)} predictions and ${whole(facts.labels)} labels over HTTP in ${seconds(facts.replaySeconds)}: ` +
      `${whole(perSecond)} rows a second, ${mebibytes(facts.bytes)}`,
    `  start       ${seconds(facts.startSeconds)} to the first page ${seconds(facts.firstPageSeconds)}; everything ${seconds(facts.totalSeconds)}`,
    `  peak memory service ${mebibytes(facts.peakBytes.service)}, engine ${mebibytes(facts.peakBytes.engine)}`,
    `  model       held out 25 to 31 January: AUC ${fixed(facts.holdOut.auc, 4)}, log-loss ${fixed(facts.holdOut.logLoss, 4)} ` +
      `(constant rate ${fixed(facts.holdOut.baselineLogLoss, 4)}), threshold ${facts.threshold}`,
    '',
    '  Quality by month (real delays; 1 to 24 January were trained on)',
    '    month    predictions  labelled  accuracy      F1     AUC  log-loss',
    ...facts.quality.map(qualityLine),
    '',
    '  Drift by month against January (PSI over deciles or categories, exact KS)',
    '    month    level          score PSI    most moved',
    ...facts.drift.windows.map(driftLine),
    '',
    '  Pages (GPU, business and contention are simulated; latency is measured)',
    ...(facts.pages.length === 0 ? ['    none'] : facts.pages.map((page) => `    ${describePage(page)}`)),
    '',
  ];
}

function qualityLine(month: PerformanceWindow): string {
  return (
    `    ${month.window}  ${whole(month.predictions).padStart(11)}  ${percent(month.labelCoverage).padStart(8)}` +
    `  ${percent(month.accuracy).padStart(8)}  ${fixed(month.f1, 4).padStart(6)}  ${fixed(month.auc, 4).padStart(6)}` +
    `  ${fixed(month.logLoss, 4).padStart(8)}`
  );
}

function driftLine(window: WindowReport): string {
  const moved = [...window.features].sort((a, b) => (b.statistics.psi ?? 0) - (a.statistics.psi ?? 0)).slice(0, TOP);
  const psi = fixed(window.prediction?.statistics.psi ?? null, 4);
  return `    ${window.window}  ${window.level.padEnd(13)}  ${psi.padStart(9)}    ${moved.map(movedFeature).join(' · ')}`;
}

function movedFeature({ feature, statistics }: FeatureReport): string {
  const ks = statistics.ks === null ? '' : ` KS ${fixed(statistics.ks, 4)}`;
  return `${feature} PSI ${fixed(statistics.psi, 4)}${ks}`;
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

function fixed(value: number | null, digits: number): string {
  return value === null || Number.isNaN(value) ? 'n/a' : value.toFixed(digits);
}

function percent(ratio: number | null): string {
  return ratio === null ? 'n/a' : `${(ratio * 100).toFixed(2)} %`;
}

function seconds(value: number): string {
  return `${value.toFixed(1)} s`;
}

function mebibytes(bytes: number | undefined): string {
  return bytes === undefined ? 'n/a' : `${whole(bytes / 1024 / 1024)} MiB`;
}
