import { type ScaleBand, type ScaleLinear, scaleBand, scaleLinear } from 'd3-scale';
import { escapeHtml } from './html-escape.ts';
import type { FeatureReport } from './report.ts';

/**
 * Returns an SVG with the share of rows in each bin, reference beside current; categories beyond the tenth are summed.
 */
export function drawDistribution(feature: FeatureReport): string {
  const bars = toBars(feature);
  if (bars.length === 0) return '<p class="rates">No values to draw.</p>';
  const top = Math.max(...bars.flatMap((bar) => [bar.reference, bar.current]), 1e-9);
  const scales = {
    bins: scaleBand<number>().domain(bars.keys()).range([LEFT, WIDTH]).paddingInner(0.2).paddingOuter(0.1),
    shares: scaleLinear().domain([0, top]).range([HEIGHT, TOP]),
  };
  const columns = bars.map((bar, index) => column(bar, index, scales)).join('');
  const ticks = scales.shares
    .ticks(3)
    .slice(1)
    .map((share) => {
      const y = scales.shares(share).toFixed(1);
      return `<line x1="${LEFT}" x2="${WIDTH}" y1="${y}" y2="${y}"/><text class="axis" x="${LEFT - 4}" y="${(scales.shares(share) + 3).toFixed(1)}">${percent(share)}</text>`;
    });
  const label = `Distribution of ${feature.feature}, reference and current. ${spoken(bars)}`;
  return `<svg viewBox="0 0 ${WIDTH + 24} ${HEIGHT + 58}" role="img" aria-label="${escapeHtml(label)}">${ticks.join('')}<line x1="${LEFT}" x2="${WIDTH}" y1="${HEIGHT}" y2="${HEIGHT}"/>${columns}</svg>`;
}

type Bar = { readonly label: string; readonly reference: number; readonly current: number };

const WIDTH = 420;
const HEIGHT = 120;
const LEFT = 44;
const TOP = 8;
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

interface Scales {
  readonly bins: ScaleBand<number>;
  readonly shares: ScaleLinear<number, number>;
}

function column(bar: Bar, index: number, { bins, shares }: Scales): string {
  const left = bins(index) ?? LEFT;
  const sides = scaleBand<'ref' | 'cur'>()
    .domain(['ref', 'cur'])
    .range([left, left + bins.bandwidth()])
    .paddingInner(0.1);
  const rect = (side: 'ref' | 'cur', share: number): string =>
    `<rect class="${side}" x="${round(sides(side) ?? left)}" y="${round(shares(share))}" width="${round(sides.bandwidth())}" height="${round(HEIGHT - shares(share))}"/>`;
  const title = `${bar.label}: reference ${percent(bar.reference)}, current ${percent(bar.current)}`;
  const middle = round(left + bins.bandwidth() / 2);
  return `<g><title>${escapeHtml(title)}</title>${rect('ref', bar.reference)}${rect('cur', bar.current)}<text x="${middle}" y="${HEIGHT + 10}" transform="rotate(35 ${middle} ${HEIGHT + 10})">${escapeHtml(shorten(bar.label))}</text></g>`;
}

/** The bins that moved most, for those who cannot see the bars. */
function spoken(bars: readonly Bar[]): string {
  return [...bars]
    .sort((a, b) => Math.abs(b.current - b.reference) - Math.abs(a.current - a.reference))
    .slice(0, 3)
    .map((bar) => `${bar.label}: ${percent(bar.reference)} to ${percent(bar.current)}`)
    .join('; ');
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
