import { windowAt } from '../../analysis/drift/windows.ts';
import { LEVELS } from '../../stats/levels.ts';
import type { DriftWeek } from '../../store/queries/drift-read.ts';
import { decimal } from './format.ts';
import { html, type Html } from './html.ts';
import type { ModelNumbers } from './model-data.ts';
import { featureName, heading, isPrediction, levelLegend, levelText, reproduce, table } from './parts.ts';

const HOUR_MS = 3_600_000;
const WEEK_HOURS = 168;
const MAX_CELLS = 1100;
const MIN_FEATURES = 5;

/** Returns drift by feature and ISO week as a table of coloured cells, worst feature first. */
export function driftSection({ drift, sql }: ModelNumbers): Html {
  if (drift.length === 0) {
    return html`<h2 id="drift">Drift by feature and week</h2>
<p>No reference yet: no window has been compared with a reference in this range.</p>
${reproduce(sql.drift)}`;
  }
  const weeks = weeksOf(drift);
  const features = groupByFeature(drift);
  const shown = features.slice(0, Math.max(MIN_FEATURES, Math.floor(MAX_CELLS / weeks.length)));
  const more = features.length - shown.length;
  return html`<h2 id="drift">Drift by feature and week</h2>
${table({
  name: 'Drift by feature and week',
  className: 'heat',
  caption:
    'Each cell: the mean noise-corrected PSI of the closed windows that began in that week, and the worst level any of them reached. Worst feature first. An empty cell has no closed window. Blind: the reference varies too much, or holds too few rows, to tell a drift.',
  head: [
    heading('Feature', 't'),
    ...weeks.map(
      (week) =>
        html`<th scope="col"><abbr title="${week.label}, week from ${week.day}">${week.label.slice(5)}</abbr></th>`,
    ),
  ],
  rows: shown.map((feature) => featureRow(feature, weeks)),
})}
${more > 0 ? html`<p class="soft">${more} features that drifted less are not shown; /v1/models/…/drift has them all.</p>` : undefined}
${levelLegend()}
${reproduce(sql.drift)}`;
}

interface Week {
  readonly startMs: number;
  readonly label: string;
  readonly day: string;
}

interface FeatureWeeks {
  readonly feature: string;
  readonly weeks: ReadonlyMap<number, DriftWeek>;
  readonly worst: number;
  readonly mean: number;
}

function weeksOf(drift: readonly DriftWeek[]): readonly Week[] {
  const starts = drift.map((row) => row.week_ms);
  const first = starts.reduce((a, b) => Math.min(a, b));
  const last = starts.reduce((a, b) => Math.max(a, b));
  const count = Math.round((last - first) / (WEEK_HOURS * HOUR_MS)) + 1;
  return Array.from({ length: count }, (_, index) => {
    const startMs = first + index * WEEK_HOURS * HOUR_MS;
    return {
      startMs,
      label: windowAt('week', startMs / HOUR_MS).label,
      day: new Date(startMs).toISOString().slice(0, 10),
    };
  });
}

function groupByFeature(drift: readonly DriftWeek[]): readonly FeatureWeeks[] {
  const groups = new Map<string, DriftWeek[]>();
  for (const row of drift) {
    const group = groups.get(row.feature);
    if (group === undefined) groups.set(row.feature, [row]);
    else group.push(row);
  }
  return [...groups]
    .map(([feature, rows]) => ({
      feature,
      weeks: new Map(rows.map((row) => [row.week_ms, row])),
      worst: Math.max(...rows.map((row) => LEVELS.indexOf(row.level))),
      mean: rows.reduce((sum, row) => sum + (row.psi_corrected ?? 0), 0) / rows.length,
    }))
    .sort(
      (a, b) => rankOf(b) - rankOf(a) || b.worst - a.worst || b.mean - a.mean || a.feature.localeCompare(b.feature),
    );
}

/** The prediction itself comes before all features. */
function rankOf({ feature }: FeatureWeeks): number {
  return isPrediction(feature) ? 1 : 0;
}

function featureRow({ feature, weeks: cells }: FeatureWeeks, weeks: readonly Week[]): Html {
  return html`<tr><th scope="row" title="${feature}">${featureName(feature)}</th>${weeks.map((week) => cell(cells.get(week.startMs)))}</tr>
`;
}

function cell(row: DriftWeek | undefined): Html {
  if (row === undefined) return html`<td></td>`;
  const { level, windows, drifted, blind, psi_corrected, psi_max } = row;
  const title = `${drifted}/${windows} windows drifted, most ${decimal(psi_max)}`;
  if (psi_corrected === null)
    return html`<td class="insufficient_data" title="${title}"><small>${levelText(level)}</small></td>`;
  // Calm and unable to see are not the same.
  if (level === 'stable' && 2 * blind >= windows)
    return html`<td class="insufficient_data" title="${blind}/${windows} windows blind">${decimal(psi_corrected)} <small>blind</small></td>`;
  const word = level === 'stable' ? undefined : html` <small>${levelText(level)}</small>`;
  return html`<td class="${level}" title="${title}">${decimal(psi_corrected)}${word}</td>`;
}
