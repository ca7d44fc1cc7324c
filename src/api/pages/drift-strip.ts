import { scaleBand } from 'd3-scale';
import { LEVELS } from '../../stats/levels.ts';
import type { DriftBucket } from '../../store/queries/drift-by-bucket.ts';
import { backdropKeys, chartFrame, round, type TimeAxis } from './chart-frame.ts';
import { CHART, timeScale } from './chart-scales.ts';
import { decimal, moment } from './format.ts';
import { html, type Html } from './html.ts';
import { featureName, heading, isPrediction, levelPill, levelText, table } from './parts.ts';

/**
 * Returns drift as one row a feature on the time axis of the other charts, worst feature first. The higher and redder a
 * bar, the worse the level: the height says it without the colour.
 */
export function driftStrip(buckets: readonly DriftBucket[], axis: TimeAxis): Html {
  const features = worstFirst(buckets);
  const shown = features.slice(0, MAX_FEATURES);
  const more = features.length - shown.length;
  const x = timeScale(axis.fromMs, axis.toMs);
  const bottom = CHART.top + shown.length * ROW;
  const y = scaleBand()
    .domain(shown.map(({ feature }) => feature))
    .range([CHART.top, bottom])
    .paddingInner(0.15);
  return html`<figure>
<figcaption id="drift-caption"><b>Drift of each feature</b>Worst level of the windows that closed, worst feature first; the taller the bar, the worse: ${SHOWN_LEVELS.join(', ')}.${more > 0 ? ` ${more} features that drifted less are not shown.` : ''}</figcaption>
<div class="chart"><svg viewBox="0 0 ${CHART.width} ${bottom + CHART.bottom}" role="img" aria-label="Drift of each feature" aria-describedby="drift-caption">
${chartFrame({ x, bottom, spans: axis.spans, marks: axis.marks })}
${shown.map(({ feature, rows }) => {
  const top = y(feature) ?? 0;
  const base = top + y.bandwidth();
  return html`<text class="name" x="${CHART.left - 8}" y="${round(base - 5)}" text-anchor="end">${shorten(nameOf(feature))}</text><line class="grid" x1="${CHART.left}" x2="${CHART.width - CHART.right}" y1="${round(base)}" y2="${round(base)}"/>${rows.map((row) => bar(row, { x, base, height: y.bandwidth() }))}`;
})}</svg></div>
${legend(axis)}
${levelTable(shown)}</figure>`;
}

const ROW = 24;
const MAX_FEATURES = 25;
const MAX_NAME = 15;
const SHOWN_LEVELS = LEVELS.filter((level) => level !== 'insufficient_data');

interface FeatureRow {
  readonly feature: string;
  readonly rows: readonly DriftBucket[];
  readonly worst: DriftBucket;
}

function worstFirst(buckets: readonly DriftBucket[]): readonly FeatureRow[] {
  return grouped(buckets).toSorted(
    (a, b) =>
      Number(isPrediction(b.feature)) - Number(isPrediction(a.feature)) ||
      rank(b.worst) - rank(a.worst) ||
      (b.worst.psi_corrected ?? 0) - (a.worst.psi_corrected ?? 0) ||
      a.feature.localeCompare(b.feature),
  );
}

function grouped(buckets: readonly DriftBucket[]): readonly FeatureRow[] {
  const groups = new Map<string, DriftBucket[]>();
  for (const bucket of buckets) {
    const group = groups.get(bucket.feature);
    if (group === undefined) groups.set(bucket.feature, [bucket]);
    else group.push(bucket);
  }
  return [...groups].flatMap(([feature, rows]) => {
    const worst = rows.reduce((a, b) => (isWorse(b, a) ? b : a));
    return [{ feature, rows, worst }];
  });
}

function isWorse(a: DriftBucket, b: DriftBucket): boolean {
  return rank(a) > rank(b) || (rank(a) === rank(b) && (a.psi_corrected ?? 0) > (b.psi_corrected ?? 0));
}

function rank({ level }: DriftBucket): number {
  return LEVELS.indexOf(level);
}

function bar(
  row: DriftBucket,
  place: { readonly x: ReturnType<typeof timeScale>; readonly base: number; readonly height: number },
): Html {
  const { x, base } = place;
  const height = Math.max(2, (place.height * Math.max(0, rank(row) - 1)) / (LEVELS.length - 2));
  const [left, right] = [x(row.from_ms), x(row.to_ms)];
  const title = `${nameOf(row.feature)}, ${moment(row.from_ms)} to ${moment(row.to_ms)}: ${levelText(row.level)}, PSI ${decimal(row.psi_corrected)}`;
  return html`<rect class="${row.level}" x="${round(left)}" y="${round(base - height)}" width="${round(Math.max(1.5, right - left))}" height="${round(height)}"><title>${title}</title></rect>`;
}

function legend(axis: TimeAxis): Html {
  return html`<ul class="legend">${SHOWN_LEVELS.map(
    (level, index) =>
      html`<li><svg class="key" viewBox="0 0 24 10" aria-hidden="true"><rect class="${level}" x="6" width="12" y="${10 - Math.max(1, 2.5 * index)}" height="${Math.max(1, 2.5 * index)}"/></svg>${levelText(level)}</li>`,
  )}${backdropKeys(axis)}</ul>`;
}

function levelTable(features: readonly FeatureRow[]): Html {
  return html`<details><summary>Drift of each feature: the numbers</summary>${table({
    name: 'Drift of each feature',
    caption: 'The worst closed window of each feature, and when its level was first minor or above.',
    head: [
      heading('Feature', 't'),
      heading('Worst level', 't'),
      heading('PSI corrected'),
      heading('In the window from', 't'),
      heading('Minor or above since', 't'),
      heading('Closed windows'),
    ],
    rows: features.map(({ feature, rows, worst }) => {
      const first = rows.find((row) => rank(row) >= LEVELS.indexOf('minor'));
      const windows = rows.reduce((sum, row) => sum + row.windows, 0);
      return html`<tr><th scope="row" class="t">${featureName(feature)}</th><td class="t">${levelPill(worst.level)}</td><td>${decimal(worst.psi_corrected)}</td><td class="t">${moment(worst.from_ms)}</td><td class="t">${first === undefined ? 'never' : moment(first.from_ms)}</td><td>${windows}</td></tr>
`;
    }),
  })}</details>`;
}

function nameOf(feature: string): string {
  if (feature === '__prediction__') return 'prediction';
  return feature === '__score__' ? 'score' : feature;
}

function shorten(name: string): string {
  return name.length > MAX_NAME ? `${name.slice(0, MAX_NAME - 1)}…` : name;
}
