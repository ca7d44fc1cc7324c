import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Browser, chromium } from 'playwright-core';
import sharp from 'sharp';
import { z } from 'zod';
import { dashboards } from '../../dashboards/index.ts';
import type { JsonObject } from '../../src/grafana/json.ts';
import { textAt } from '../../src/grafana/json.ts';
import { startBackfilledPrometheus, type BackfilledPrometheus } from './backfilled-prometheus.ts';
import type { Answer, PanelReport } from './browser/bridge.ts';
import { bundlePage, type PageBundle } from './bundle.ts';
import { demoMetrics } from './demo-metrics.ts';
import { DEMO_VIEWS, type DemoView, NOT_OF_DEMO } from './demo-views.ts';
import { openPictureStore, type PictureStore } from './picture-store.ts';
import { pictureMetrics } from './picture-metrics.ts';

const ADDRESS = 'http://dashboards.invalid/';
const WIDTH = 1600;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const LARGEST_BYTES = 300_000;

const { values: flags } = parseArgs({
  options: {
    data: { type: 'string' },
    metrics: { type: 'string' },
    only: { type: 'string' },
    out: { type: 'string', default: 'docs/pictures' },
    chromium: { type: 'string', default: '/usr/bin/chromium' },
  },
});

process.exitCode = await renderAll();

/** Draws every dashboard into a picture and prints what became of each panel; 1 when a panel failed. */
async function renderAll(): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-render-'));
  const bundle = await bundlePage();
  const browser = await chromium.launch({ executablePath: flags.chromium, args: ['--no-sandbox'] });
  const made = dashboards
    .map((make) => make())
    .filter((dashboard) => flags.only === undefined || flags.only.split(',').includes(textAt(dashboard, 'uid')));
  const isOfDemo = (dashboard: JsonObject): boolean =>
    flags.data !== undefined && !NOT_OF_DEMO.has(textAt(dashboard, 'uid'));
  let failures = 0;
  try {
    mkdirSync(flags.out, { recursive: true });
    for (const data of [undefined, flags.data]) {
      const chosen = made.filter((dashboard) => isOfDemo(dashboard) === (data !== undefined));
      if (chosen.length > 0) failures += await renderFrom({ data, dashboards: chosen, folder, bundle, browser });
      if (flags.data === undefined) break;
    }
  } finally {
    await browser.close();
    rmSync(folder, { recursive: true, force: true });
  }
  return failures === 0 ? 0 : 1;
}

/** Draws dashboards from the demo's data folder or, without one, from the invented fleet. */
async function renderFrom(options: {
  readonly data: string | undefined;
  readonly dashboards: readonly JsonObject[];
  readonly folder: string;
  readonly bundle: PageBundle;
  readonly browser: Browser;
}): Promise<number> {
  const { data, bundle, browser } = options;
  const folder = mkdtempSync(join(options.folder, 'source-'));
  const source = await openPictureStore(data);
  const metrics = data === undefined || flags.metrics === undefined ? undefined : demoMetrics(flags.metrics);
  const prometheus = await startBackfilledPrometheus(folder, metrics ?? pictureMetrics(source.toMs));
  let failures = 0;
  try {
    for (const dashboard of options.dashboards) {
      failures += await renderOne({ dashboard, bundle, browser, source, prometheus, isOfDemo: data !== undefined });
    }
  } finally {
    await prometheus.stop();
    await source.close();
  }
  return failures;
}

interface Scene {
  readonly dashboard: JsonObject;
  readonly bundle: PageBundle;
  readonly browser: Browser;
  readonly source: PictureStore;
  readonly prometheus: BackfilledPrometheus;
  readonly isOfDemo: boolean;
}

async function renderOne({ dashboard, bundle, browser, source, prometheus, isOfDemo }: Scene): Promise<number> {
  const uid = textAt(dashboard, 'uid');
  const page = await browser.newPage({ viewport: { width: WIDTH, height: 900 }, timezoneId: 'UTC', locale: 'en-US' });
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.stack ?? error.message));
  page.on('console', (message) => {
    // Icons lie on a Grafana server.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
      complaints.push(message.text());
  });
  await page.exposeFunction('askClickHouse', (sql: string): Promise<Answer> => source.ask(sql));
  await page.exposeFunction('askPrometheus', prometheus.ask);
  // Grafana's components want an origin with storage; nothing leaves the machine.
  await page.route('**/*', (route) =>
    route.request().url() === ADDRESS
      ? route.fulfill({
          contentType: 'text/html',
          body: `<!doctype html><meta charset="utf-8"><body style="margin:0">`,
        })
      : route.abort(),
  );
  await page.goto(ADDRESS);
  await page.addStyleTag({ content: bundle.styles });
  await page.addScriptTag({ content: bundle.script });
  const view: DemoView | undefined = isOfDemo ? DEMO_VIEWS[uid] : undefined;
  const span = view ?? spanOf(dashboard, source.toMs);
  const preferred = { ...source.preferred, ...view?.preferred };
  const request = { dashboard, fromMs: span.fromMs, toMs: span.toMs, width: WIDTH, preferred };
  const reports = await page.evaluate<readonly PanelReport[], string>(
    (text) => window.renderDashboard(JSON.parse(text)),
    JSON.stringify(request),
  );
  await page.waitForSelector('main').catch((cause: unknown) => {
    throw new Error(`${uid} was not drawn: ${complaints.join('\n')}`, { cause });
  });
  const height = await page.evaluate(() => document.querySelector('main')?.getBoundingClientRect().height ?? 900);
  await page.setViewportSize({ width: WIDTH, height: Math.ceil(height) });
  await page.waitForLoadState('networkidle');
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  const picture = await smallPicture(await page.screenshot({ fullPage: true }));
  writeFileSync(join(flags.out, `${uid}.png`), picture);
  await page.close();
  return report(uid, reports, complaints, picture.length);
}

/** The time range that a dashboard opens with, before the end of the data. */
function spanOf(dashboard: JsonObject, toMs: number): { readonly fromMs: number; readonly toMs: number } {
  const { time } = z.object({ time: z.object({ from: z.string() }) }).parse(dashboard);
  const [, amount, unit] = /^now-(\d+)([hd])$/.exec(time.from) ?? [];
  // A tick at the very edge would be cut off.
  const endMs = toMs - 2 * MINUTE;
  return { fromMs: endMs - Number(amount) * HOUR * (unit === 'd' ? 24 : 1), toMs: endMs };
}

/** As many colours as fit: dark flat pictures need few. */
async function smallPicture(picture: Buffer): Promise<Buffer> {
  for (const colours of [256, 128, 64]) {
    const small = await sharp(picture).png({ palette: true, colours, compressionLevel: 9, effort: 7 }).toBuffer();
    if (small.length <= LARGEST_BYTES) return small;
  }
  return sharp(picture).png({ palette: true, colours: 32, compressionLevel: 9, effort: 10 }).toBuffer();
}

function report(uid: string, reports: readonly PanelReport[], complaints: readonly string[], bytes: number): number {
  const panels = reports.filter(({ type }) => type !== 'row');
  const bad = panels.filter(({ error, rows }) => error !== '' || rows === 0);
  process.stdout.write(
    `${uid}: ${panels.length} panels, ${bad.length} empty or failed, ${Math.round(bytes / 1000)} kB\n`,
  );
  for (const { type, title, error } of bad)
    process.stdout.write(`  ${type} "${title}": ${error === '' ? 'no data' : error}\n`);
  for (const complaint of complaints) process.stdout.write(`  page: ${complaint.slice(0, 400)}\n`);
  return bad.filter(({ error }) => error !== '').length + complaints.length;
}
