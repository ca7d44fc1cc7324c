import { html, type Html } from './html.ts';

/** Returns a small line of counts at equal distances, for a table cell; `label` says the same in words. */
export function sparkline(values: readonly number[], label: string): Html {
  const high = values.reduce((a, b) => Math.max(a, b), 1);
  const step = (WIDTH - 2) / Math.max(1, values.length - 1);
  const points = values.map(
    (value, index) => `${Math.round(1 + index * step)},${Math.round(BOTTOM - (value / high) * (BOTTOM - TOP))}`,
  );
  const edge = `M${points.join('L')}`;
  return html`<svg class="spark" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${label}"><title>${label}</title><path class="below" d="${edge}V${BOTTOM}H1Z"/><path class="s1" d="${edge}"/></svg>`;
}

const WIDTH = 120;
const HEIGHT = 26;
const TOP = 2;
const BOTTOM = HEIGHT - 1;
