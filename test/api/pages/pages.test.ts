import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { systemClock } from '../../../src/core/clock.ts';
import { startTestStore, type TestStore } from '../../support/engine.ts';
import { type ApiFixture, EPISODE, MODEL, seed, startApi } from '../fixture.ts';
import { type Element, parsePage } from './check-html.ts';

let running: TestStore;
let api: ApiFixture;
const pages = new Map<string, string>();
const MODEL_PATH = `/models/${encodeURIComponent(MODEL)}`;
const PATHS = {
  fleet: '/',
  model: MODEL_PATH,
  quiet: '/models/quiet',
  incident: `/incidents/${encodeURIComponent(EPISODE)}`,
  missing: '/models/nobody',
} as const;

beforeAll(async () => {
  running = await startTestStore();
  await seed(running.store);
  api = await startApi(running.store);
  for (const [name, url] of Object.entries(PATHS)) pages.set(name, (await api.app.inject({ url })).payload);
});
afterAll(async () => {
  await api.app.close();
  await running.stop();
});

const page = (name: keyof typeof PATHS): string => pages.get(name) ?? '';
const elements = (name: keyof typeof PATHS): readonly Element[] => parsePage(page(name));
const flat = (text: string): string =>
  text
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/ (?=[.,;)])/g, '')
    .trim();
const textOf = (name: keyof typeof PATHS): string =>
  flat(elements(name).find((element) => element.name === 'main')?.text ?? '');
/** Returns those of the texts that do not stand on a page: a short list when a test fails, not the whole page. */
const missing = (name: keyof typeof PATHS, ...texts: readonly string[]): readonly string[] =>
  texts.filter((text) => !textOf(name).includes(text));

describe.each(Object.keys(PATHS).filter((name): name is keyof typeof PATHS => name in PATHS))('the page %s', (name) => {
  test('is well-formed, with language, title, one main heading and no level left out', () => {
    const all = elements(name);
    expect(all.find((element) => element.name === 'html')?.attributes.get('lang')).toBe('en');
    expect(all.find((element) => element.name === 'title')?.text).toMatch(/ · Plumbline$/);
    const levels = all.flatMap((element) => (/^h[1-6]$/.test(element.name) ? [Number(element.name.slice(1))] : []));
    expect(levels.filter((level) => level === 1)).toHaveLength(1);
    for (const [index, level] of levels.entries()) expect(level).toBeLessThanOrEqual((levels[index - 1] ?? 0) + 1);
    const ids = all.flatMap((element) => element.attributes.get('id') ?? []);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('can be read without seeing it: captions, scopes, names of pictures, labels of inputs', () => {
    const all = elements(name);
    const of = (tag: string): readonly Element[] => all.filter((element) => element.name === tag);
    expect(of('caption')).toHaveLength(of('table').length);
    for (const cell of of('th')) expect(['col', 'row']).toContain(cell.attributes.get('scope'));
    const ids = new Set(all.flatMap((element) => element.attributes.get('id') ?? []));
    for (const picture of of('svg').filter((svg) => !/^(key|spark)$/.test(svg.attributes.get('class') ?? ''))) {
      expect(picture.attributes.get('role')).toBe('img');
      expect(picture.attributes.get('aria-label')).not.toBe('');
      expect(ids).toContain(picture.attributes.get('aria-describedby'));
    }
    expect(of('label')).toHaveLength(of('input').length);
    for (const link of of('a').filter((entry) => entry.attributes.get('href')?.startsWith('#'))) {
      expect(ids).toContain(link.attributes.get('href')?.slice(1));
    }
  });

  test('is small, loads nothing from elsewhere and runs nothing', () => {
    const text = page(name);
    expect(Buffer.byteLength(text)).toBeLessThan(300_000);
    const names = new Set(elements(name).map((element) => element.name));
    for (const tag of ['script', 'link', 'img', 'iframe', 'object']) expect(names.has(tag)).toBe(false);
    for (const element of elements(name)) {
      for (const attribute of element.attributes.keys()) expect(attribute).not.toMatch(/^on/);
      expect(element.attributes.get('href') ?? '/').toMatch(/^(\/|#|https?:\/\/)/);
    }
    expect(text).not.toMatch(/url\(|@import/);
  });
});

test.each(['fleet', 'model', 'incident'] as const)(
  'the page %s gives SQL that runs and gives numbers again',
  async (name) => {
    const statements = elements(name)
      .filter((element) => element.name === 'code')
      .map((element) => unescape(element.text));
    expect(statements.length).toBeGreaterThanOrEqual(5);
    for (const sql of statements) {
      expect(sql).not.toMatch(/\{\w+:/);
      expect(await running.store.rows({ name: 'reproduce', sql })).not.toEqual([]);
    }
  },
);

test('text from data is shown as text wherever it stands', () => {
  expect(page('model')).toContain('&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;');
  expect(page('model')).toContain('deploy &#39;&quot;&gt;&lt;img src=x onerror=alert(2)&gt;');
  expect(page('model')).toContain('Flight team &lt;ops@example.org&gt;');
  expect(page('incident')).toContain('GPU 97 % &lt;b&gt;and&lt;/b&gt; p99 90 ms');
  expect(page('model') + page('incident')).not.toContain('javascript:alert');
});

test('pages forbid what they do not need, and are not kept by caches', async () => {
  const { headers } = await api.app.inject({ url: MODEL_PATH });
  expect(headers['content-type']).toBe('text/html; charset=utf-8');
  expect(headers['content-security-policy']).toContain("default-src 'none'");
  expect(headers['x-content-type-options']).toBe('nosniff');
  expect(headers['cache-control']).toBe('no-store');
});

test('a page does not wait for what is added up from single predictions, and loads itself until it is there', async () => {
  const { app } = await startApi(running.store, [], { patienceMs: 0, wallClock: systemClock });
  const ask = async () => (await app.inject({ url: MODEL_PATH })).body;
  const early = await ask();
  expect(early).toContain('<meta http-equiv="refresh" content="2">');
  expect(early).toContain('Quality is being added up');
  await vi.waitFor(async () => expect(await ask()).not.toContain('http-equiv="refresh"'), { timeout: 20_000 });
  expect(await ask()).toContain('Accuracy, AUC and label coverage by week');
  await app.close();
});

describe('the overview', () => {
  test('shows the model with an alert first, with drift, latency against its objective and quality', () => {
    const rows = elements('fleet')
      .filter((element) => element.name === 'tr')
      .map((row) => flat(row.text));
    expect(rows[1]).toMatch(new RegExp(`^${MODEL}`));
    expect(rows[1]).toMatch(
      /1 firing major 2 of 4 6 \/h 0 to 6 predictions an hour .* of 50 ms 0\.00 % 90\.0 % 98 % 2026-03-15 23:50 40 min ago/,
    );
    expect(rows[2]).toMatch(/^quiet none no reference yet 10 \/h none no data 0\.00 % no data no data/);
  });
});

describe('the page of a model', () => {
  test('shows drift by ISO week with the worst level and the mean of its judged windows', () => {
    const rows = elements('model').filter((element) => element.name === 'tr');
    const heads = rows.find((row) => row.text.startsWith('Feature'))?.text;
    expect(flat(heads ?? '')).toBe('Feature W09 W10 W11');
    const row = (name: string): string | undefined =>
      rows
        .map((entry) => flat(entry.text))
        .find((text) => text.startsWith(`${name} `) && /minor|major|few|negl/.test(text));
    expect(row('score')).toBe('score too few rows 0.030 minor 0.030 minor');
    expect(row('distance')).toBe(`distance 0.004 0.004 ${((5 * 0.004 + 0.4) / 6).toFixed(3)} major`);
  });

  test('shows quality by week with coverage, and says so where there are no labels', () => {
    expect(missing('model', '2026-W10 988 988 100.0 % 89.8 %')).toEqual([]);
    expect(missing('model', '2026-W11 988 0 0.0 % no data no data no data')).toEqual([]);
    expect(missing('quiet', 'No labels have come for the predictions of this range: quality is not known.')).toEqual(
      [],
    );
  });

  test('draws latency with the line of its objective, and errors only where there are any', () => {
    const names = elements('model').flatMap((element) =>
      element.attributes.get('role') === 'img' ? [element.attributes.get('aria-label')] : [],
    );
    expect(names).toEqual([
      'Accuracy, AUC and label coverage by week',
      'Latency by 6 h',
      'Predictions by 6 h',
      'Errors by 6 h',
      'GPU of the model (simulated)',
      'simulated_bookings_usd (simulated)',
    ]);
    expect(missing('model', 'objective for p99 50 ms')).toEqual([]);
    expect(missing('quiet', 'Latency: no data. The predictions carry no latency_ms.')).toEqual([]);
    expect(missing('quiet', 'None of 10 predictions failed.')).toEqual([]);
  });

  test('marks what is simulated and only that', () => {
    const marked = elements('model')
      .filter((element) => /^(b|h1|th)$/.test(element.name) && /\bsimulated$/.test(flat(element.text)))
      .map((element) => flat(element.text));
    expect(marked).toEqual([
      'GpuSaturated simulated',
      'GPU of the model simulated',
      'simulated_bookings_usd simulated',
    ]);
    expect(missing('model', 'simulated 24 of 2,016 predictions of this range say of themselves')).toEqual([]);
    expect(elements('quiet').filter((element) => element.attributes.get('class') === 'sim')).toEqual([]);
  });

  test('lists alerts with their times and a link to the incident, and change events', () => {
    expect(missing('model', 'critical 2026-03-15 20:00 2026-03-15 20:05 2026-03-15 20:30 25 min')).toEqual([]);
    expect(page('model')).toContain(`href="/incidents/${encodeURIComponent(EPISODE)}"`);
    expect(page('model')).toContain('<a href="https://example.org/change/1" rel="noreferrer">long before</a>');
  });

  test('shows another range when asked, and refuses what is no range', async () => {
    const first = await api.app.inject({ url: `${MODEL_PATH}?from=2026-03-02&to=2026-03-09` });
    expect(first.payload).toContain('Shown: 2026-03-02 00:00 to 2026-03-09 00:00');
    expect(first.payload).not.toContain('2026-W11');
    expect((await api.app.inject({ url: `${MODEL_PATH}?from=soon` })).statusCode).toBe(400);
    expect((await api.app.inject({ url: `${MODEL_PATH}?from=2026-03-09&to=2026-03-02` })).payload).toContain(
      'to must be later than from',
    );
  });

  test('has everything that was not sent as "no data", never as 0', () => {
    expect(missing('quiet', 'Drift no data no reference yet')).toEqual([]);
    expect(missing('quiet', 'Latency p99 no data')).toEqual([]);
    expect(missing('quiet', 'GPU: no data. Business: no data.')).toEqual([]);
  });
});

describe('the page of an incident', () => {
  test('tells what fired, when, on what values, and what came before', () => {
    expect(
      missing(
        'incident',
        'Resolved, critical, model team/late-flights:eu. The condition held from 2026-03-15 20:00; it fired at 2026-03-15 20:05 and was resolved at 2026-03-15 20:30, after 25 min.',
      ),
    ).toEqual([]);
    expect(missing('incident', 'gpu_utilization_ratio 97.0 % latency_p99_seconds 90 ms')).toEqual([]);
    expect(missing('incident', '3 predictions were made while it held; 0 of them failed.')).toEqual([]);
    expect(missing('incident', '2026-03-15 19:00 deploy deploy')).toEqual([]);
    expect(missing('incident', 'long before')).toEqual(['long before']);
    expect(missing('incident', 'distance major 0.400 0.050 0.0 % 0.0 % PSI &amp; KS')).toEqual([]);
    expect(
      missing(
        'incident',
        'simulated the GPU telemetry comes from late-flights-simulated-0; 3 of the 3 predictions say so of themselves.',
      ),
    ).toEqual([]);
  });

  test('draws each signal with its objective and the stretch in which the alert fired', () => {
    const names = elements('incident').flatMap((element) =>
      element.attributes.get('role') === 'img' ? [element.attributes.get('aria-label')] : [],
    );
    expect(names).toEqual(['latency_p99_seconds', 'gpu_utilization_ratio (simulated)']);
    expect(missing('incident', 'objective 50 ms')).toEqual([]);
    expect(
      elements('incident').filter((element) => element.name === 'title' && element.text === 'GpuSaturated was firing'),
    ).toHaveLength(2);
  });
});

test.each(['/models/nobody', '/incidents/none'])(
  '%s is a page that says what is missing, with status 404',
  async (url) => {
    const response = await api.app.inject({ url });
    expect(response.statusCode).toBe(404);
    expect(response.headers['content-type']).toContain('text/html');
    expect(response.payload).toContain('<h1>Not found</h1>');
  },
);

function unescape(text: string): string {
  return text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&#96;', '`')
    .replaceAll('&amp;', '&');
}
