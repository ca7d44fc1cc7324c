import { z } from 'zod';
import type { Tab } from './chromium.ts';

/** Texts of a page whose contrast with what is behind them is under 4.5 to 1 (WCAG 2.2, 1.4.3), each with its ratio. */
export async function lowContrast(tab: Tab): Promise<readonly string[]> {
  return tab.evaluate(z.array(z.string()), `(${findLowContrast})()`);
}

/** Elements that reach over the right edge of the screen and do not scroll by themselves, and texts of pictures that are cut off. */
export async function cutOff(tab: Tab): Promise<readonly string[]> {
  return tab.evaluate(z.array(z.string()), `(${findCutOff})()`);
}

/** How many colours a PNG has, and the share of pixels that have the most frequent one; the browser itself decodes it. */
export async function coloursOf(tab: Tab, png: Buffer): Promise<{ readonly colours: number; readonly share: number }> {
  return tab.evaluate(
    z.object({ colours: z.number(), share: z.number() }),
    `(${countColours})(${JSON.stringify(png.toString('base64'))})`,
  );
}

const findLowContrast = `() => {
  const parse = (text) => {
    const [r, g, b, a = 1] = (text.match(/[\\d.]+/g) ?? []).map(Number);
    return { r, g, b, a };
  };
  const over = (top, below) => {
    const mix = (key) => top[key] * top.a + below[key] * (1 - top.a);
    return { r: mix('r'), g: mix('g'), b: mix('b'), a: 1 };
  };
  const behind = (element) => {
    const layers = [];
    for (let at = element; at; at = at.parentElement) {
      const colour = parse(getComputedStyle(at).backgroundColor);
      if (colour.a > 0) layers.push(colour);
      if (colour.a === 1) break;
    }
    return layers.reverse().reduce((below, top) => over(top, below), { r: 255, g: 255, b: 255, a: 1 });
  };
  const light = ({ r, g, b }) => {
    const [x, y, z] = [r, g, b].map((v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found = new Set();
  while (walker.nextNode()) {
    const text = walker.currentNode.textContent.trim();
    const element = walker.currentNode.parentElement;
    if (text === '' || element.closest('title') || element.getClientRects().length === 0) continue;
    const style = getComputedStyle(element);
    const below = behind(element);
    const front = over(parse(element instanceof SVGElement ? style.fill : style.color), below);
    const [a, b] = [light(front), light(below)].sort((p, q) => q - p);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) found.add(text.slice(0, 30) + ' ' + ratio.toFixed(2));
  }
  return [...found];
}`;

const findCutOff = `() => {
  const found = [];
  const width = document.documentElement.clientWidth;
  for (const element of document.querySelectorAll('body *:not(svg *)')) {
    if (element.closest('.scroll, .chart, .skip, pre, details:not([open]) > :not(summary)')) continue;
    const box = element.getBoundingClientRect();
    if (box.width > 0 && box.right > width + 1) found.push(element.tagName + ' ' + element.className + ' ' + Math.round(box.right));
  }
  for (const picture of document.querySelectorAll('svg[role=img]')) {
    const frame = picture.getBoundingClientRect();
    if (frame.width === 0) continue;
    for (const text of picture.querySelectorAll('text')) {
      const box = text.getBoundingClientRect();
      if (box.left < frame.left - 1 || box.right > frame.right + 1 || box.bottom > frame.bottom + 1) found.push('text ' + text.textContent);
    }
  }
  return found.slice(0, 20);
}`;

const countColours = `async (base64) => {
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  const image = await createImageBitmap(new Blob([bytes], { type: 'image/png' }));
  const canvas = new OffscreenCanvas(image.width, image.height);
  const context = canvas.getContext('2d');
  context.drawImage(image, 0, 0);
  const pixels = new Uint32Array(context.getImageData(0, 0, image.width, image.height).data.buffer);
  const counts = new Map();
  for (const pixel of pixels) counts.set(pixel, (counts.get(pixel) ?? 0) + 1);
  return { colours: counts.size, share: Math.max(...counts.values()) / pixels.length };
}`;
