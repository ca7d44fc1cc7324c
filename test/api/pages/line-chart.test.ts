import { expect, test } from 'vitest';
import { html } from '../../../src/api/pages/html.ts';
import { type LineChart, lineChart } from '../../../src/api/pages/line-chart.ts';
import { timeScale, timeTicks, valueScale, valueTicks } from '../../../src/api/pages/chart-scales.ts';
import { parsePage } from './check-html.ts';

const DAY = 86_400_000;
const BASE: LineChart = {
  id: 'c',
  title: 'Chart',
  caption: 'What it shows.',
  series: [],
  fromMs: 0,
  toMs: 10 * DAY,
  gapMs: DAY,
  format: (value) => (value === null || value === undefined ? 'no data' : String(value)),
};

const paths = (chart: LineChart): readonly string[] =>
  parsePage(lineChart(chart).text).flatMap((element) =>
    element.name === 'path' ? [element.attributes.get('d') ?? ''] : [],
  );
const count = (chart: LineChart, name: string): number =>
  parsePage(lineChart(chart).text).filter((element) => element.name === name).length;

test('a line is broken where nothing was measured, and a lone point is a dot', () => {
  const points = [
    [0, 1],
    [DAY, 2],
    [2 * DAY, null],
    [3 * DAY, 3],
    [6 * DAY, 4],
    [7 * DAY, 5],
  ] as const;
  const chart = { ...BASE, series: [{ name: 'a', tone: 1 as const, points }] };
  const runs = paths(chart)[0]?.split('M').slice(1) ?? [];
  expect(runs.map((run) => run.split('L').length)).toEqual([2, 2]);
  expect(count(chart, 'circle')).toBe(1);
});

test('values rise upwards and stay inside the picture, also beyond fixed bounds', () => {
  const points = [
    [0, 0],
    [DAY, 0.5],
    [2 * DAY, 7],
  ] as const;
  const [path] = paths({ ...BASE, bounds: { low: 0, high: 1 }, series: [{ name: 'a', tone: 1, points }] });
  const heights = (path ?? '')
    .slice(1)
    .split('L')
    .map((point) => Number(point.split(',')[1]));
  expect(heights).toEqual([194, 103, 12]);
});

test('every number drawn is in the table, and points can be asked for their number', () => {
  const points = Array.from({ length: 5 }, (_, i) => [i * DAY, i * 1.5] as const);
  const chart = { ...BASE, series: [{ name: 'a', tone: 1 as const, points }] };
  const { text } = html`${lineChart(chart)}`;
  for (const [, value] of points) expect(text).toContain(`<td>${value}</td>`);
  expect(text).toContain('<title>1970-01-03: a 3</title>');
});

test('a long line is drawn whole, and its readings are thinned to as many as asked for', () => {
  const points = Array.from({ length: 500 }, (_, i) => [i * 1000, i] as const);
  const chart = { ...BASE, gapMs: 1000, readings: 100, series: [{ name: 'a', tone: 1 as const, points }] };
  expect(paths(chart)[0]?.split('L')).toHaveLength(500);
  expect(count(chart, 'tr')).toBe(1 + 100);
  expect(lineChart(chart).text).toContain('every 5th point');
});

test('a chart without points says nothing that is not so', () => {
  expect(paths(BASE)).toEqual([]);
  expect(count(BASE, 'table')).toBe(0);
});

test.each([
  [0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1]],
  [0, 0.3, [0, 0.1, 0.2, 0.3]],
  [0, 97, [0, 20, 40, 60, 80, 100]],
  [-3, 4, [-4, -2, 0, 2, 4]],
  [0, 0, [0, 0.2, 0.4, 0.6, 0.8, 1]],
])('ticks from %d to %d are round and cover the values', (low, high, expected) => {
  const scale = valueScale([low, high]);
  expect(valueTicks(scale)).toEqual(expected);
  expect(scale(low) <= 194 && scale(high) >= 12).toBe(true);
});

test.each([
  [90 * 60_000, '10:15'],
  [2 * DAY, '12:00'],
  [20 * DAY, '01-05'],
  [200 * DAY, '1970-02'],
  [1500 * DAY, '1972-01'],
])('a time axis of %d ms has at most twelve labels inside it, such as %s', (length, label) => {
  const from = length < DAY ? 10 * 3_600_000 : 0;
  const ticks = timeTicks(timeScale(from, from + length));
  expect(ticks.length).toBeGreaterThan(2);
  expect(ticks.length).toBeLessThanOrEqual(12);
  expect(ticks.map((tick) => tick.label)).toContain(label);
  for (const { atMs } of ticks) expect(atMs >= from && atMs <= from + length).toBe(true);
});

test('of a line with more points than a screen has, the steps are drawn with their peaks and their gaps', () => {
  const points = Array.from({ length: 5000 }, (_, i) => [i * 60_000, i === 3333 ? 1 : 0.1] as const).filter(
    (_, i) => i < 1000 || i >= 1100,
  );
  const chart = { ...BASE, toMs: 5000 * 60_000, gapMs: 60_000, bounds: { low: 0, high: 1 } };
  const [path = ''] = paths({ ...chart, series: [{ name: 'a', tone: 1, points }] });
  const runs = path.split('M').slice(1);
  expect(runs).toHaveLength(2);
  expect(path.split('L').length).toBeLessThan(700);
  expect(path.split(/[ML]/).filter((point) => point.endsWith(',12'))).toHaveLength(1);
});
