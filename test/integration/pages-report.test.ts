import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { requireTool } from '../../scripts/real-components.ts';
import type { Service } from '../../src/app.ts';
import { parsePage } from '../api/pages/check-html.ts';
import { NDJSON, request } from '../support/client.ts';
import { type Chromium, resize, startChromium } from '../support/chromium.ts';
import { startInProcess } from '../support/in-process.ts';
import { coloursOf, cutOff, lowContrast } from '../support/page-checks.ts';
import { runPlumbline } from '../support/processes.ts';

const HOUR = 3_600_000;
const START = Date.parse('2026-03-02T00:00:00Z');
const END = START + 48 * HOUR;
const chromiumPath = requireTool('chromium');
let service: Service;
let folder: string;
let file: string;
let page = '';

const iso = (timeMs: number): string => new Date(timeMs).toISOString();

/** Two days of a classifier, 60 predictions an hour; on the second day the amounts are higher and latency is worse. */
function predictions(): readonly string[] {
  return Array.from({ length: 48 * 60 }, (_, i) => {
    const isLater = i >= 24 * 60;
    return JSON.stringify({
      prediction_id: `p-${i}`,
      ts: START + i * 60_000,
      model: 'loans',
      prediction: i % 2,
      score: i % 2 === 0 ? 0.2 : 0.8,
      latency_ms: isLater ? 90 : 20,
      status: i % 100 === 0 ? 'error' : 'ok',
      features: { amount: ((i * 0.7548776662) % 1) * 100 + (isLater ? 60 : 0), channel: i % 3 === 0 ? 'web' : 'shop' },
    });
  });
}

async function send(kind: string, lines: readonly string[]): Promise<void> {
  const sent = await request(`${service.url}/v1/${kind}`, { body: lines.join('\n'), headers: NDJSON });
  expect(sent.receipt()).toMatchObject({ accepted: lines.length, rejected: 0 });
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'plumbline-report-'));
  file = join(folder, 'report.html');
  const reference = { kind: 'fixed' as const, from: iso(START), to: iso(START + 24 * HOUR) };
  service = await startInProcess({ models: [{ name: 'loans', reference, slo: { latency_p99_seconds: 0.05 } }] });
  await send('predictions', predictions());
  const labels = Array.from({ length: 24 * 60 }, (_, i) => ({
    prediction_id: `p-${i}`,
    label: i % 10 === 0 ? 1 - (i % 2) : i % 2,
    ts: START + i * 60_000 + HOUR,
  }));
  await send(
    'labels',
    labels.map((label) => JSON.stringify(label)),
  );
  const hours = Array.from({ length: 48 }, (_, hour) => START + hour * HOUR);
  await send(
    'business',
    hours.map((ts, i) => JSON.stringify({ ts, metric: 'revenue_usd', model: 'loans', value: 500 - 5 * i })),
  );
  await send('events', [
    JSON.stringify({ ts: START + 24 * HOUR, kind: 'deploy', title: 'release 42', model: 'loans' }),
  ]);
  await service.store.insert(
    'gpu_samples',
    hours.map((ts, i) => ({
      ts: iso(ts),
      signal: 'gpu_utilization_ratio',
      gpu: 'GPU-1',
      node: 'n',
      namespace: 'ml',
      pod: 'loans-0',
      model: 'loans',
      weight: 1,
      value: i / 48,
    })),
  );
  await service.store.insert(
    'drift_results',
    hours.map((ts, i) => ({
      model: 'loans',
      version: '',
      feature: 'amount',
      segment: '',
      kind: 'numeric',
      window_from: ts / 1000,
      window_to: (ts + HOUR) / 1000,
      final: 1,
      reference_version: 1,
      n_reference: 1440,
      n_current: 60,
      missing_reference: 0,
      missing_current: 0,
      unseen: 0,
      psi: i < 24 ? 0.01 : 0.8,
      psi_noise: 0.005,
      psi_corrected: i < 24 ? 0.005 : 0.8,
      ks: 0.1,
      ks_error: 0,
      ks_corrected: 0.1,
      p_value: 0.01,
      p_adjusted: 0.01,
      js_distance: 0.1,
      level: i < 24 ? 'stable' : 'major',
      reason: 'because',
      explain: '{}',
      evaluated_at: iso(ts + HOUR),
    })),
  );
  const range = ['--from', iso(START), '--to', iso(END)];
  const done = await runPlumbline(['report', '--model', 'loans', ...range, '--out', file, '--url', service.url]);
  expect(done).toMatchObject({ code: 0, stdout: '', stderr: '' });
  page = readFileSync(file, 'utf8');
});
afterAll(async () => {
  await service.stop();
  rmSync(folder, { recursive: true, force: true });
});

const pictures = (): readonly (string | undefined)[] =>
  parsePage(page).flatMap(({ attributes }) => (attributes.get('role') === 'img' ? [attributes.get('aria-label')] : []));

test('a report shows drift, performance, latency, traffic, errors, GPU and business, and both sides of each feature', () => {
  const names = pictures();
  expect(names.slice(0, 7)).toEqual([
    'Drift of each feature',
    'Accuracy, AUC and label coverage by hour',
    'Latency by 15 min',
    'Predictions by 15 min',
    'Errors by 15 min',
    'GPU of the model',
    'revenue_usd',
  ]);
  expect(names.slice(7).map((name) => name?.split(',')[0])).toEqual(
    expect.arrayContaining(['Distribution of amount', 'Distribution of channel']),
  );
  expect(page).toMatch(/drifted: [^<]*amount/);
});

test('all its charts have the same time axis, with the change at the same place', () => {
  const charts = [...page.matchAll(/<div class="chart"><svg.*?<\/svg>/gs)].map(([chart]) => chart);
  expect(charts).toHaveLength(7);
  const ticks = charts.map((chart) => [...chart.matchAll(/class="tick" x1="([\d.]+)"/g)].map(([, x]) => x).join(' '));
  expect(new Set(ticks).size).toBe(1);
  const marks = charts.map((chart) => /deploy: release 42<\/title><line class="mark" x1="([\d.]+)"/.exec(chart)?.[1]);
  expect(new Set(marks)).toEqual(new Set(['646']));
});

test('it is one small file that needs nothing else: no scripts, no addresses, no links into a service', () => {
  expect(Buffer.byteLength(page)).toBeLessThan(300_000);
  for (const { name, attributes } of parsePage(page)) {
    expect(['script', 'link', 'img', 'iframe', 'object', 'form']).not.toContain(name);
    expect(attributes.get('href') ?? '#').toMatch(/^#/);
  }
  expect(page).not.toMatch(/url\(|@import|https?:\/\//);
});

test.each([
  [['--model', 'nobody'], 2, 'No predictions of a model named nobody have been received.'],
  [['--model', 'loans', '--from', 'soon'], 2, 'must be an RFC 3339 time'],
  [['--model', 'loans', '--from', '2026-03-03', '--to', '2026-03-02'], 2, 'to must be later than from.'],
])('report %j ends with code %d and one sentence', async (options, code, sentence) => {
  const done = await runPlumbline(['report', ...options, '--url', service.url]);
  expect(done.code).toBe(code);
  expect(done.stdout).toBe('');
  expect(done.stderr).toContain(sentence);
});

test('a model without a reference or labels still has a report that says what is missing', async () => {
  await send('predictions', [JSON.stringify({ prediction_id: 'x', ts: START, model: 'bare', prediction: 1 })]);
  const answer = await request(`${service.url}/v1/models/bare/report`);
  expect(answer.status).toBe(200);
  expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8');
  for (const sentence of ['No labels have come', 'GPU: no data.', 'Business: no data.', 'No window of this range'])
    expect(answer.text).toContain(sentence);
});

describe.skipIf(chromiumPath === undefined)('opened as a file in Chromium', () => {
  let chromium: Chromium;
  beforeAll(async () => {
    chromium = await startChromium(chromiumPath ?? '');
  });
  afterAll(() => chromium.end());

  test('it is legible in light and dark, wide and narrow, and not blank', async () => {
    const tab = await chromium.open();
    for (const scheme of ['light', 'dark']) {
      await tab.send('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value: scheme }] });
      for (const width of [390, 1280]) {
        await resize(tab.send, { width, height: 900 });
        await tab.go(pathToFileURL(file).href);
        expect(await cutOff(tab), `${scheme} ${width}`).toEqual([]);
        expect(await lowContrast(tab), `${scheme} ${width}`).toEqual([]);
      }
    }
    expect(tab.events('Log.entryAdded')).toEqual([]);
    const opened = z.string();
    await tab.click('figure details summary');
    expect(await tab.evaluate(opened, "document.querySelector('figure details').innerText")).toContain('amount');
    const picture = await tab.screenshot();
    await tab.go('about:blank');
    const { colours, share } = await coloursOf(tab, picture);
    expect(colours).toBeGreaterThan(50);
    expect(share).toBeLessThan(0.985);
  });

  test('a page of drift opens what is clicked, shows numbers of the feature that moved, and complains of nothing', async () => {
    const drift = join(folder, 'drift.html');
    const range = ['--from', iso(START), '--to', iso(END), '--window', 'day', '--format', 'html', '--out', drift];
    const done = await runPlumbline(['drift', '--model', 'loans', ...range, '--url', service.url]);
    expect(done).toMatchObject({ code: 0, stderr: '' });
    expect(readFileSync(drift, 'utf8')).not.toMatch(/<script|<link|url\(|@import|https?:\/\//);
    const tab = await chromium.open();
    await tab.go(pathToFileURL(drift).href);
    expect(await cutOff(tab)).toEqual([]);
    const numbers = "document.querySelector('details[open].window article dl')";
    const [text, isSeen] = [z.string(), z.boolean()];
    const name = await tab.evaluate(text, "document.querySelector('details[open].window article h3').innerText");
    expect(name).toContain('amount');
    expect(await tab.evaluate(isSeen, `${numbers}.checkVisibility()`)).toBe(false);
    await tab.click('details[open].window article details summary');
    expect(await tab.evaluate(isSeen, `${numbers}.checkVisibility()`)).toBe(true);
    // The amounts of the second day are 60 higher, on a range of 100.
    expect(await tab.evaluate(text, `${numbers}.innerText`)).toMatch(/^KS\n0\.6/m);
    expect(tab.events('Log.entryAdded')).toEqual([]);
    expect(tab.events('Runtime.consoleAPICalled')).toEqual([]);
    expect(tab.events('Runtime.exceptionThrown')).toEqual([]);
  });
});
