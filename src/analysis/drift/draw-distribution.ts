import { escapeHtml } from './html-escape.ts';
import type { FeatureReport } from './report.ts';

/**
 * Returns an SVG with the share of rows in each bin, reference beside current; categories beyond the tenth are summed.
 */
export function drawDistribution(feature: FeatureReport): string {
  const bars = toBars(feature);
  if (bars.length === 0) return '<p class="rates">No values to draw.</p>';
  const top = Math.max(...bars.flatMap((bar) => [bar.reference, bar.current]), 1e-9);
  const step = (WIDTH - LEFT) / bars.length;
  const columns = bars.map((bar, index) => {
    const x = LEFT + index * step;
    const title = `${bar.label}: reference ${percent(bar.reference)}, current ${percent(bar.current)}`;
    return `<g><title>${escapeHtml(title)}</title>${rect('ref', x + step * 0.12, step * 0.36, bar.reference / top)}${rect('cur', x + step * 0.52, step * 0.36, bar.current / top)}<text x="${round(x + step / 2)}" y="${HEIGHT + 10}" transform="rotate(35 ${round(x + step / 2)} ${HEIGHT + 10})">${escapeHtml(shorten(bar.label))}</text></g>`;
  });
  const label = `Distribution of ${feature.feature}, reference and current`;
  return `<svg viewBox="0 0 ${WIDTH + 24} ${HEIGHT + 58}" role="img" aria-label="${escapeHtml(label)}"><line x1="${LEFT}" x2="${WIDTH}" y1="${HEIGHT}" y2="${HEIGHT}"/><text class="axis" x="${LEFT - 4}" y="10">${percent(top)}</text>${columns.join('')}</svg>`;
}

type Bar = { readonly label: string; readonly reference: number; readonly current: number };

const WIDTH = 420;
const HEIGHT = 120;
const LEFT = 40;
const MAX_BARS = 12;

function toBars(feature: FeatureReport): readonly Bar[] {
  const { bins } = feature.evidence;
  const total = (side: 'reference' | 'current'): number =>
    Math.max(
      1,
      bins.reduce((sum, bin) => sum + bin[side], 0),
    );
  const [m, n] = [total('reference'), total('current')];
  const bars = bins.map((bin) => ({ label: bin.label, reference: bin.reference / m, current: bin.current / n }));
  if (bars.length <= MAX_BARS || feature.kind === 'numeric') return merged(bars);
  const rest = bars.slice(MAX_BARS - 1);
  const share = (side: 'reference' | 'current'): number => rest.reduce((sum, bar) => sum + bar[side], 0);
  return [
    ...bars.slice(0, MAX_BARS - 1),
    { label: `${rest.length} others`, reference: share('reference'), current: share('current') },
  ];
}

// Peers' many equal-width bins are drawn by twos, threes and so on.
function merged(bars: readonly Bar[]): readonly Bar[] {
  const every = Math.ceil(bars.length / (2 * MAX_BARS));
  if (every <= 1) return bars;
  return Array.from({ length: Math.ceil(bars.length / every) }, (_, index) => {
    const part = bars.slice(index * every, (index + 1) * every);
    return {
      label: part[0]?.label ?? '',
      reference: part.reduce((sum, bar) => sum + bar.reference, 0),
      current: part.reduce((sum, bar) => sum + bar.current, 0),
    };
  });
}

function rect(side: 'ref' | 'cur', x: number, width: number, share: number): string {
  const height = share * (HEIGHT - 8);
  return `<rect class="${side}" x="${round(x)}" y="${round(HEIGHT - height)}" width="${round(width)}" height="${round(height)}"/>`;
}

// Of an interval the upper end is enough: the lower one is at the bar before.
function shorten(label: string): string {
  const upper = /^[([].*, (.*)[\])]$/.exec(label)?.[1];
  if (upper !== undefined) return `.. ${upper}`;
  return label.length > 14 ? `${label.slice(0, 13)}…` : label;
}

function percent(share: number): string {
  return `${Number((100 * share).toPrecision(3))} %`;
}

function round(value: number): string {
  return value.toFixed(1);
}
