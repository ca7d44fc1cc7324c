import { drawDistribution } from './draw-distribution.ts';
import { escapeHtml } from './html-escape.ts';
import { DRIFT_STYLE } from './html-style.ts';
import type { DriftReport, FeatureReport, SegmentReport, SegmentSplit, Statistics, WindowReport } from './report.ts';

/** Returns a report as one self-contained HTML page: verdicts, distributions of both sides, numbers and the SQL. */
export function renderHtml(report: DriftReport): string {
  const { reference } = report;
  const period = reference.from === null ? 'no times' : `${day(reference.from)} to ${day(reference.to)}`;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Drift report</title><style>${DRIFT_STYLE}</style></head><body>
<a class="skip" href="#content">Skip to content</a>
<header><h1>Drift report</h1><p>Profile <b>${escapeHtml(report.profile)}</b>, reference ${count(reference.rows)} rows (${period}), ${report.windows.length} ${report.windows.length === 1 ? 'window' : 'windows'}. <span class="key ref"></span> reference <span class="key cur"></span> current</p></header>
<main id="content" tabindex="-1">
${report.windows.length > 1 ? overview(report.windows) : ''}
${report.windows.map((window, index) => windowSection(report, window, index)).join('\n')}
<details><summary>SQL of every number (${report.sql.length} statements)</summary>${report.sql
    .map((statement) => `<h4>${escapeHtml(statement.name)}</h4><pre>${escapeHtml(statement.sql)}</pre>`)
    .join('')}</details>
</main>
</body></html>
`;
}

const WORST_FIRST = ['major', 'moderate', 'minor', 'negligible', 'insufficient_data', 'stable'] as const;
/** What tells levels apart without their colour. */
const SIGNS: Readonly<Record<(typeof WORST_FIRST)[number], string>> = {
  major: '█',
  moderate: '▆',
  minor: '▄',
  negligible: '▂',
  insufficient_data: '?',
  stable: '·',
};
const NUMBERS: readonly (readonly [keyof Statistics, string])[] = [
  ['psi', 'PSI'],
  ['psi_noise', 'expected noise'],
  ['psi_corrected', 'corrected PSI'],
  ['ks', 'KS'],
  ['ks_corrected', 'corrected KS'],
  ['p_adjusted', 'adjusted p'],
  ['phi', 'phi'],
  ['mde', 'smallest detectable PSI'],
  ['js_distance', 'Jensen-Shannon'],
  ['hellinger', 'Hellinger'],
  ['tv', 'total variation'],
  ['wasserstein', 'Wasserstein'],
  ['wasserstein_scaled', 'Wasserstein / sd'],
  ['cramers_v', "Cramer's V"],
];

function allOf(window: WindowReport): readonly FeatureReport[] {
  return window.prediction === null ? window.features : [...window.features, window.prediction];
}

// One row a feature, one cell a window, coloured by level.
function overview(windows: readonly WindowReport[]): string {
  const names = [...new Set(windows.flatMap((window) => allOf(window).map((feature) => feature.feature)))];
  const rows = names.map((name) => {
    const cells = windows.map((window) => {
      const feature = allOf(window).find((candidate) => candidate.feature === name);
      const title = `${name}, ${window.window}: ${feature?.level ?? 'absent'}, PSI ${number(feature?.statistics.psi ?? null)}`;
      return `<td class="cell ${feature?.level ?? ''}" title="${escapeHtml(title)}"><a href="#w-${escapeHtml(window.window)}" aria-label="${escapeHtml(title)}">${SIGNS[feature?.level ?? 'stable']}</a></td>`;
    });
    return `<tr><th scope="row">${escapeHtml(name)}</th>${cells.join('')}</tr>`;
  });
  const head = windows
    .map((window) => `<th class="turn" scope="col"><span>${escapeHtml(window.window)}</span></th>`)
    .join('');
  const legend = WORST_FIRST.map(
    (level) => `<span class="badge ${level}">${SIGNS[level]} ${level.replaceAll('_', ' ')}</span>`,
  ).join(' ');
  return `<section><h2>Levels by window</h2><p>${legend}</p>${scroll('Levels by window', `<table class="grid"><caption>The level of each feature in each window; the fuller the sign, the worse.</caption><tr><td></td>${head}</tr>${rows.join('')}</table>`)}</section>`;
}

function windowSection(report: DriftReport, window: WindowReport, index: number): string {
  const { profile, windows: all } = report;
  const features = [...allOf(window)].sort((a, b) => WORST_FIRST.indexOf(a.level) - WORST_FIRST.indexOf(b.level));
  const open = all.length === 1 || index === all.length - 1 ? ' open' : '';
  const period = window.from === null ? '' : `, ${day(window.from)} to ${day(window.to)}`;
  return `<details class="window" id="w-${escapeHtml(window.window)}"${open}><summary><h2>${escapeHtml(window.window)}</h2> <span class="badge ${window.level}">${window.level.replaceAll('_', ' ')}</span> ${count(window.rows)} rows${period}${window.drifted.length > 0 ? `, drifted: ${escapeHtml(window.drifted.join(', '))}` : ''}</summary>
${besideTable(window, profile)}${segmentTable(window.segments ?? [])}${splitTable(window.segment_split ?? [])}
<div class="cards">${features.map((feature) => card(feature, feature === window.prediction)).join('\n')}</div></details>`;
}

function card(feature: FeatureReport, isPrediction: boolean): string {
  const numbers = NUMBERS.filter(([key]) => feature.statistics[key] !== null).map(
    ([key, label]) => `<dt>${label}</dt><dd>${number(feature.statistics[key])}</dd>`,
  );
  const rates = `missing ${percent(feature.missing_reference)} → ${percent(feature.missing_current)}, unseen ${percent(feature.unseen)}, ${count(feature.n_reference)} → ${count(feature.n_current)} values`;
  return `<article><h3>${escapeHtml(feature.feature)}${isPrediction ? ' <small>output</small>' : ''} <span class="badge ${feature.level}">${feature.level.replaceAll('_', ' ')}</span></h3>
${drawDistribution(feature)}
<p>${escapeHtml(feature.reason)}</p><p class="rates">${rates}</p><details><summary>Numbers</summary><dl>${numbers.join('')}</dl></details></article>`;
}

function besideTable(window: WindowReport, profile: string): string {
  const others = window.other_profiles ?? [];
  if (others.length === 0) return '';
  const head = [profile, ...others.map((other) => other.profile)]
    .map((name) => `<th scope="col">${escapeHtml(name)}</th>`)
    .join('');
  const rows = allOf(window).map(({ feature: name, level, statistics }) => {
    const own = statistics.psi_corrected ?? statistics.psi;
    const cells = others.map((other) => {
      const found = other.features.find((feature) => feature.feature === name);
      const title = found === undefined ? '' : `${found.statistic}, threshold ${number(found.threshold)}`;
      return `<td title="${escapeHtml(title)}"><span class="badge ${found?.level ?? ''}">${number(found?.value ?? null)} ${(found?.level ?? '').replaceAll('_', ' ')}</span></td>`;
    });
    return `<tr><th scope="row">${escapeHtml(name)}</th><td title="PSI"><span class="badge ${level}">${number(own)} ${level.replaceAll('_', ' ')}</span></td>${cells.join('')}</tr>`;
  });
  return `<h3>What each profile says</h3>${scroll('What each profile says', `<table><caption>The key statistic of each profile, coloured by the level that the profile gives it.</caption><tr><td></td>${head}</tr>${rows.join('')}</table>`)}`;
}

function segmentTable(segments: readonly SegmentReport[]): string {
  if (segments.length === 0) return '';
  const names = segments[0]?.features.map((feature) => feature.feature) ?? [];
  const head = names.map((name) => `<th scope="col">${escapeHtml(name)}</th>`).join('');
  const rows = segments.map((segment) => {
    const cells = segment.features
      .map(
        (feature) =>
          `<td><span class="badge ${feature.level}">${number(feature.psi)} ${feature.level.replaceAll('_', ' ')}</span></td>`,
      )
      .join('');
    return `<tr><th scope="row">${escapeHtml(segment.segment === '' ? '(none)' : segment.segment)}</th><td>${percent(segment.share_reference)} → ${percent(segment.share_current)}</td>${cells}</tr>`;
  });
  return `<h3>By segment (PSI of each)</h3>${scroll('By segment', `<table><caption>PSI of each feature inside each segment, with the level in words.</caption><tr><td></td><th scope="col">share</th>${head}</tr>${rows.join('')}</table>`)}`;
}

function splitTable(splits: readonly SegmentSplit[]): string {
  if (splits.length === 0) return '';
  const rows = splits.map(
    (split) =>
      `<tr><th scope="row">${escapeHtml(split.feature)}</th><td>${number(split.psi)}</td><td>${number(split.mix_psi)}</td><td>${number(split.inside_psi)}</td><td>${split.verdict}</td></tr>`,
  );
  return `<h3>Where the change comes from</h3>${scroll('Where the change comes from', `<table><caption>PSI of each feature, in all, from the mix of segments, and inside of them.</caption><tr><td></td><th scope="col">PSI</th><th scope="col">by mix</th><th scope="col">inside</th><th scope="col">Verdict</th></tr>${rows.join('')}</table>`)}`;
}

/** A table that is wider than the page scrolls by itself, also by keyboard. */
function scroll(name: string, table: string): string {
  return `<div class="scroll" tabindex="0" role="region" aria-label="${name}">${table}</div>`;
}

function number(value: number | null): string {
  if (value === null) return '–';
  return value === 0 ? '0' : String(Number(value.toPrecision(3)));
}

function count(value: number): string {
  return value.toLocaleString('en-US');
}

function percent(share: number): string {
  return `${Number((100 * share).toPrecision(3))} %`;
}

function day(iso: string | null): string {
  return (iso ?? '').slice(0, 16).replace('T', ' ');
}
