import { scaleLinear } from 'd3-scale';
import { area, line } from 'd3-shape';
import { html, type Html } from './html.ts';

/** Returns a small line of counts at equal distances, for a table cell; `label` says the same in words. */
export function sparkline(values: readonly number[], label: string): Html {
  const x = scaleLinear()
    .domain([0, Math.max(1, values.length - 1)])
    .range([1, WIDTH - 1]);
  const y = scaleLinear()
    .domain([0, values.reduce((a, b) => Math.max(a, b), 1)])
    .range([HEIGHT - 1, 2]);
  const below = area<number>(
    (_, index) => x(index),
    y(0),
    (value) => y(value),
  ).digits(0);
  const edge = line<number>(
    (_, index) => x(index),
    (value) => y(value),
  ).digits(0);
  return html`<svg class="spark" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${label}"><title>${label}</title><path class="below" d="${below(values) ?? ''}"/><path class="s1" d="${edge(values) ?? ''}"/></svg>`;
}

const WIDTH = 120;
const HEIGHT = 26;
