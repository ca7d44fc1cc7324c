import { drawDistribution } from '../../analysis/drift/draw-distribution.ts';
import type { DriftReport, FeatureReport } from '../../analysis/drift/report.ts';
import { LEVELS } from '../../stats/levels.ts';
import { decimal, moment, number, percent } from './format.ts';
import { html, Html } from './html.ts';
import { featureName, heading, levelPill, reproduce, table } from './parts.ts';

/** Returns the whole range against the reference: a verdict for every feature, and both distributions of the worst. */
export function comparisonSection(comparison: DriftReport | string): Html {
  const head = html`<h2 id="comparison">The whole range against the reference</h2>`;
  if (typeof comparison === 'string') return html`${head}<p>${comparison}</p>`;
  const window = comparison.windows[0];
  if (window === undefined) return html`${head}<p>No predictions to compare.</p>`;
  const { reference } = comparison;
  const all = [...(window.prediction === null ? [] : [window.prediction]), ...window.features];
  if (all.length === 0) return html`${head}<p>No feature could be compared.</p>`;
  const features = all.toSorted((a, b) => LEVELS.indexOf(b.level) - LEVELS.indexOf(a.level) || psiOf(b) - psiOf(a));
  const period =
    reference.from === null
      ? ''
      : ` from ${moment(Date.parse(reference.from))}${reference.to === null ? '' : ` to ${moment(Date.parse(reference.to))}`}`;
  return html`${head}
<p class="soft">${number(window.rows)} rows against a reference of ${number(reference.rows)}${period}, profile ${comparison.profile}; computed over every row, not from the windows above.</p>
${table({
  name: 'The whole range against the reference',
  caption: 'Worst feature first.',
  head: [
    heading('Feature', 't'),
    heading('Level', 't'),
    heading('PSI corrected'),
    heading('KS corrected'),
    heading('Missing'),
    heading('Unseen'),
    heading('Why', 't'),
  ],
  rows: features.map((feature) => featureRow(feature, feature === window.prediction)),
})}
<div class="cards">${features.slice(0, MAX_DRAWN).map((feature) => distribution(feature))}</div>
${reproduce(comparison.sql.map(({ name, sql }) => ({ title: name, sql })))}`;
}

const MAX_DRAWN = 6;

function psiOf({ statistics }: FeatureReport): number {
  return statistics.psi_corrected ?? 0;
}

function featureRow(feature: FeatureReport, isPrediction: boolean): Html {
  const { level, statistics, reason, missing_current, unseen } = feature;
  return html`<tr><th scope="row" class="t">${featureName(feature.feature)}${isPrediction ? html` <span class="soft">(output)</span>` : undefined}</th><td class="t">${levelPill(level)}</td><td>${decimal(statistics.psi_corrected)}</td><td>${decimal(statistics.ks_corrected)}</td><td>${percent(missing_current)}</td><td>${percent(unseen)}</td><td class="t w">${reason}</td></tr>
`;
}

function distribution(feature: FeatureReport): Html {
  return html`<section class="card"><h3>${featureName(feature.feature)} ${levelPill(feature.level)}</h3>${new Html(drawDistribution(feature))}</section>`;
}
