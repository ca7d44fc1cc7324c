import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { requireTool } from '../../scripts/real-components.ts';
import { type ApiFixture, EPISODE, MODEL, seed, startApi } from '../api/fixture.ts';
import { type Chromium, resize, startChromium, type Tab } from '../support/chromium.ts';
import { type TestStore, startTestStore } from '../support/engine.ts';
import { coloursOf, cutOff, lowContrast } from '../support/page-checks.ts';

const path = requireTool('chromium');
const MODEL_PATH = `/models/${encodeURIComponent(MODEL)}`;
const INCIDENT_PATH = `/incidents/${encodeURIComponent(EPISODE)}`;
const PAGES = [
  ['the overview', '/'],
  ['the page of a model', MODEL_PATH],
  ['the page of an incident', INCIDENT_PATH],
] as const;
let running: TestStore;
let api: ApiFixture;
let chromium: Chromium;
let tab: Tab;
let url = '';

describe.skipIf(path === undefined)('in Chromium', () => {
  beforeAll(async () => {
    running = await startTestStore();
    await seed(running.store);
    api = await startApi(running.store);
    url = await api.app.listen({ host: '127.0.0.1', port: 0 });
    chromium = await startChromium(path ?? '');
    tab = await chromium.open();
  });
  afterAll(async () => {
    await chromium.end();
    await api.app.close();
    await running.stop();
  });

  const text = (expression: string): Promise<string> => tab.evaluate(z.string(), expression);

  test('a reader clicks from the overview to a model, to its alert, and back to the overview', async () => {
    await tab.go(`${url}/`);
    await tab.following(() => tab.click(`th a[href="${MODEL_PATH}"]`));
    expect(await text('location.pathname')).toBe(MODEL_PATH);
    expect(await text("document.querySelector('h1').innerText")).toBe(MODEL);
    await tab.following(() => tab.click(`a[href="${INCIDENT_PATH}"]`));
    expect(await text('document.title')).toBe(`GpuSaturated on ${MODEL} · Plumbline`);
    await tab.following(() => tab.click('header a'));
    expect(await text('location.pathname')).toBe('/');
  });

  test('a reader asks for another range with the form', async () => {
    await tab.go(`${url}${MODEL_PATH}`);
    await tab.evaluate(z.unknown(), `document.querySelector('input[name=to]').value = '2026-03-09'`);
    await tab.following(() => tab.click('form button'));
    expect(await text('location.search')).toBe('?from=2026-03-02&to=2026-03-09');
    expect(await text("document.querySelector('form').innerText")).toContain('2026-03-02 00:00 to 2026-03-09 00:00');
  });

  test('without a mouse: the first key skips to the content, and numbers of a chart open on Enter', async () => {
    await tab.go(`${url}${MODEL_PATH}`);
    await tab.press('Tab');
    expect(await text('document.activeElement.innerText')).toBe('Skip to content');
    expect(await tab.evaluate(z.number(), 'document.activeElement.getBoundingClientRect().left')).toBeGreaterThan(0);
    await tab.press('Enter');
    expect(await text('document.activeElement.id')).toBe('content');
    const passed = await tabUntil('Latency by 6 h: the numbers');
    expect(passed.filter(({ outline }) => outline === 'none')).toEqual([]);
    expect(passed.length).toBeGreaterThan(5);
    expect(await text("document.activeElement.parentElement.querySelector('table').innerText")).toBe('');
    await tab.press('Enter');
    expect(await text("document.activeElement.parentElement.querySelector('table').innerText")).toContain('10.1 ms');
  });

  /** Presses Tab until an element with this text has the focus; returns what had it on the way. */
  async function tabUntil(wanted: string) {
    const passed: { readonly text: string; readonly tag: string; readonly outline: string }[] = [];
    for (let presses = 0; presses < 100; presses += 1) {
      await tab.press('Tab');
      const focus = await tab.evaluate(
        z.object({ text: z.string(), tag: z.string(), outline: z.string() }),
        '({ tag: document.activeElement.tagName, text: document.activeElement.innerText ?? "", outline: getComputedStyle(document.activeElement).outlineStyle })',
      );
      passed.push(focus);
      if (focus.text === wanted) return passed;
    }
    throw new Error(`No key press led to ${wanted}.`);
  }

  describe.each(PAGES)('%s', (_name, page) => {
    test('is legible in light and dark, wide and narrow, with nothing cut off and not blank', async () => {
      for (const scheme of ['light', 'dark']) {
        await tab.send('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value: scheme }] });
        for (const width of [1280, 390]) {
          await resize(tab.send, { width, height: 900 });
          await tab.go(`${url}${page}`);
          expect(await cutOff(tab), `${scheme} ${width}`).toEqual([]);
          expect(await lowContrast(tab), `${scheme} ${width}`).toEqual([]);
        }
        await resize(tab.send, { width: 1280, height: 900 });
        const picture = await tab.screenshot();
        await tab.go('about:blank');
        const { colours, share } = await coloursOf(tab, picture);
        expect(colours).toBeGreaterThan(50);
        expect(share).toBeLessThan(0.985);
      }
    });

    test('tells a screen reader a name for everything that can be reached, and for every picture', async () => {
      await tab.go(`${url}${page}`);
      const nodes = await accessibleNodes();
      const named = nodes.filter(({ role }) =>
        ['link', 'button', 'image', 'img', 'region', 'textbox', 'Date'].includes(role),
      );
      expect(named.length).toBeGreaterThan(3);
      expect(named.filter(({ name }) => name === '')).toEqual([]);
      const roles = new Set(nodes.map(({ role }) => role));
      for (const role of ['banner', 'main', 'navigation', 'contentinfo', 'heading', 'table'])
        expect(roles).toContain(role);
    });

    test('asks for nothing but itself, and the browser has nothing to complain about', async () => {
      const fresh = await chromium.open();
      await fresh.go(`${url}${page}`);
      const asked = fresh.events('Network.requestWillBeSent').map(({ request }) => addressOf(request));
      expect(asked.filter((address) => !/^data:|\/favicon.ico$/.test(address))).toEqual([`${url}${page}`]);
      expect(fresh.events('Log.entryAdded').filter((entry) => !JSON.stringify(entry).includes('favicon'))).toEqual([]);
      expect(fresh.events('Runtime.exceptionThrown')).toEqual([]);
    });
  });

  test('every line of a chart is really drawn', async () => {
    await tab.go(`${url}${MODEL_PATH}`);
    const lengths = await tab.evaluate(
      z.array(z.number()),
      `[...document.querySelectorAll('figure svg[role=img] path[class^=s]')].map((path) => path.getTotalLength())`,
    );
    expect(lengths.length).toBeGreaterThanOrEqual(8);
    for (const length of lengths) expect(length).toBeGreaterThan(20);
  });

  async function accessibleNodes() {
    const value = z.object({ value: z.string().default('') }).optional();
    const tree = z.object({ nodes: z.array(z.object({ ignored: z.boolean(), role: value, name: value })) });
    const { nodes } = tree.parse(await tab.send('Accessibility.getFullAXTree'));
    return nodes
      .filter(({ ignored }) => !ignored)
      .map(({ role, name }) => ({ role: role?.value ?? '', name: name?.value ?? '' }));
  }
});

function addressOf(request: unknown): string {
  return z.object({ url: z.string() }).parse(request).url;
}
