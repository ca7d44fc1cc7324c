import type { DriftReport, FeatureReport, WindowReport } from './report.ts';

/** Returns a report as a plain text table, one line a feature and window, worst first. */
export function renderTable(report: DriftReport): string {
  const { reference } = report;
  const period =
    reference.from === null ? '' : `, ${reference.from.slice(0, 16)} .. ${(reference.to ?? '').slice(0, 16)}`;
  const head = `Profile ${report.profile}; reference ${reference.rows} rows${period}`;
  return `${[head, ...report.windows.map(renderWindow)].join('\n\n')}\n`;
}

const COLUMNS = ['feature', 'level', 'psi', 'psi corr.', 'ks', 'p adj.', 'missing', 'unseen', 'n', 'reason'] as const;
const RANK = ['major', 'moderate', 'minor', 'negligible', 'insufficient_data', 'stable'];

function renderWindow(window: WindowReport): string {
  const all = window.prediction === null ? window.features : [...window.features, window.prediction];
  const rows = [...all]
    .sort((a, b) => RANK.indexOf(a.level) - RANK.indexOf(b.level))
    .map((feature) => featureCells(feature, feature === window.prediction));
  const table = [[...COLUMNS], ...rows];
  const widths = COLUMNS.map((_, index) => Math.max(...table.map((cells) => (cells[index] ?? '').length)));
  const lines = table.map((cells) =>
    cells
      .map((cell, index) => pad(cell, widths[index] ?? 0, index))
      .join('  ')
      .trimEnd(),
  );
  const beside = (window.other_profiles ?? []).map((other) => {
    const drifted = other.features.filter(
      (feature) => feature.level !== 'stable' && feature.level !== 'insufficient_data',
    );
    return `  ${other.profile.padEnd(10)} ${drifted.length} of ${other.features.length} drifted${drifted.length > 0 ? `: ${drifted.map((feature) => feature.feature).join(', ')}` : ''}`;
  });
  const segments = (window.segments ?? []).map(
    (segment) =>
      `  ${segment.segment}: ${segment.rows_current} rows, share ${number(segment.share_reference)} -> ${number(segment.share_current)}`,
  );
  return [
    `Window ${window.window}: ${window.rows} rows, ${window.level}${window.drifted.length > 0 ? `, drifted: ${window.drifted.join(', ')}` : ''}`,
    ...lines,
    ...(segments.length > 0 ? ['Segments', ...segments] : []),
    ...(window.segment_split ?? []).map(
      (split) =>
        `  ${split.feature}: ${split.verdict} (PSI by mix ${number(split.mix_psi)}, inside ${number(split.inside_psi)})`,
    ),
    ...(beside.length > 0 ? ['Other profiles', ...beside] : []),
  ].join('\n');
}

function featureCells(feature: FeatureReport, isPrediction: boolean): readonly string[] {
  const { statistics } = feature;
  return [
    isPrediction ? `${feature.feature} (output)` : feature.feature,
    feature.level,
    number(statistics.psi),
    number(statistics.psi_corrected),
    number(statistics.ks),
    number(statistics.p_adjusted),
    number(feature.missing_current),
    number(feature.unseen),
    String(feature.n_current),
    feature.reason,
  ];
}

function pad(cell: string, width: number, index: number): string {
  if (index === COLUMNS.length - 1) return cell;
  return index < 2 ? cell.padEnd(width) : cell.padStart(width);
}

function number(value: number | null): string {
  if (value === null) return '-';
  if (value === 0) return '0';
  return Math.abs(value) >= 0.001 ? value.toFixed(4) : value.toExponential(1);
}
