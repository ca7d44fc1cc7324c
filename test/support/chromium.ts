import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { z } from 'zod';
import { waitFor, whenClosed } from './processes.ts';

const COMMAND_MS = 45_000;
const messageSchema = z.object({
  id: z.number().optional(),
  sessionId: z.string().optional(),
  method: z.string().optional(),
  params: z.record(z.string(), z.unknown()).optional(),
  result: z.unknown().optional(),
  error: z.object({ message: z.string() }).optional(),
});

type Message = z.infer<typeof messageSchema>;
type Parameters = Readonly<Record<string, unknown>>;

/** A real headless Chromium, driven through its DevTools protocol over a pipe, so that no port is opened. */
export interface Chromium {
  /** Opens an empty tab. */
  open(): Promise<Tab>;
  /** Ends the browser and removes its profile. */
  end(): Promise<void>;
}

export interface Tab {
  readonly send: (method: string, parameters?: Parameters) => Promise<unknown>;
  /** What the browser told of this tab, by the name of the event. */
  events(method: string): readonly Parameters[];
  /** Loads an address and waits until all of it is there. */
  go(url: string): Promise<void>;
  /** Waits for the page that an action leads to. */
  following(action: () => Promise<void>): Promise<void>;
  /** Returns the value of an expression in the page. */
  evaluate<T>(schema: z.ZodType<T>, expression: string): Promise<T>;
  /** Presses and lets go of a key: Tab, Enter or Space. */
  press(key: 'Tab' | 'Enter' | 'Space'): Promise<void>;
  /** Clicks with the mouse in the middle of the first element that matches; it is scrolled to first. */
  click(selector: string): Promise<void>;
  /** Returns a PNG of the whole page. */
  screenshot(): Promise<Buffer>;
}

/** Starts Chromium on a profile of its own. */
export async function startChromium(path: string): Promise<Chromium> {
  const profile = mkdtempSync(join(tmpdir(), 'plumbline-chromium-'));
  const child = spawn(
    path,
    [
      '--headless=new',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-dev-shm-usage',
      '--no-first-run',
      '--hide-scrollbars',
      '--remote-debugging-pipe',
      `--user-data-dir=${profile}`,
      'about:blank',
    ],
    { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'], detached: true },
  );
  const closed = whenClosed(child);
  const pipe = new DevToolsPipe(child);
  return {
    open: () => openTab(pipe),
    end: async () => {
      endGroup(child);
      await closed;
      await waitFor('the profile of Chromium to be gone', () => remove(profile));
    },
  };
}

/** Removes a folder; undefined when something was written into it meanwhile, as helpers do while they die. */
function remove(folder: string): true | undefined {
  try {
    rmSync(folder, { recursive: true, force: true });
    return true;
  } catch {
    return undefined;
  }
}

/** Kills the browser with its helpers. */
function endGroup(child: ChildProcess): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  process.kill(-child.pid, 'SIGKILL');
}

/** The DevTools protocol: JSON messages that end in a zero byte, commands on descriptor 3, answers on 4. */
class DevToolsPipe {
  readonly #commands: Writable;
  readonly #pending = new Map<number, (message: Message) => void>();
  readonly #listeners = new Set<(message: Message) => void>();
  #rest = '';
  #last = 0;

  constructor(child: ChildProcess) {
    const [commands, answers] = [child.stdio[3], child.stdio[4]];
    if (!isWritable(commands) || !isReadable(answers)) throw new Error('Chromium was started without its pipes.');
    this.#commands = commands;
    commands.on('error', () => {}); // it was ended; what still waits says so by its time limit
    answers.setEncoding('utf8');
    answers.on('data', (chunk: string) => this.#read(chunk));
  }

  listen(listener: (message: Message) => void): void {
    this.#listeners.add(listener);
  }

  async send(method: string, params: Parameters = {}, sessionId?: string): Promise<unknown> {
    this.#last += 1;
    const id = this.#last;
    const answer = new Promise<Message>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`Chromium did not answer ${method}.`)), COMMAND_MS);
      this.#pending.set(id, (message) => {
        clearTimeout(timer);
        resolve(message);
      });
    });
    this.#commands.write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    const { error, result } = await answer;
    if (error !== undefined) throw new Error(`${method}: ${error.message}`);
    return result;
  }

  #read(chunk: string): void {
    const parts = `${this.#rest}${chunk}`.split('\0');
    this.#rest = parts.pop() ?? '';
    for (const part of parts) {
      const message = messageSchema.parse(JSON.parse(part));
      if (message.id === undefined) for (const listener of this.#listeners) listener(message);
      else this.#pending.get(message.id)?.(message);
    }
  }
}

async function openTab(pipe: DevToolsPipe): Promise<Tab> {
  const target = z.object({ targetId: z.string() });
  const { targetId } = target.parse(await pipe.send('Target.createTarget', { url: 'about:blank' }));
  const attached = await pipe.send('Target.attachToTarget', { targetId, flatten: true });
  const { sessionId } = z.object({ sessionId: z.string() }).parse(attached);
  const told: { readonly method: string; readonly params: Parameters }[] = [];
  pipe.listen(({ sessionId: from, method, params }) => {
    if (from === sessionId && method !== undefined) told.push({ method, params: params ?? {} });
  });
  const send = (method: string, parameters?: Parameters) => pipe.send(method, parameters, sessionId);
  const events = (method: string) => told.filter((event) => event.method === method).map(({ params }) => params);
  for (const domain of ['Page', 'Network', 'Runtime', 'Log', 'DOM', 'Accessibility']) await send(`${domain}.enable`);
  await resize(send, { width: 1280, height: 900 });
  const following = async (action: () => Promise<void>): Promise<void> => {
    const before = events('Page.loadEventFired').length;
    await action();
    await waitFor('the page to load', () => (events('Page.loadEventFired').length > before ? true : undefined));
  };
  return {
    send,
    events,
    following,
    go: (url) => following(async () => void (await send('Page.navigate', { url }))),
    evaluate: (schema, expression) => evaluate(send, schema, expression),
    press: (key) => press(send, key),
    click: (selector) => click(send, selector),
    screenshot: () => screenshot(send),
  };
}

type Send = Tab['send'];

/** Gives a tab the size of a screen, in CSS pixels. */
export async function resize(send: Send, size: { readonly width: number; readonly height: number }): Promise<void> {
  await send('Emulation.setDeviceMetricsOverride', { ...size, deviceScaleFactor: 1, mobile: false });
}

async function evaluate<T>(send: Send, schema: z.ZodType<T>, expression: string): Promise<T> {
  const answer = z
    .object({ result: z.object({ value: z.unknown() }), exceptionDetails: z.unknown().optional() })
    .parse(await send('Runtime.evaluate', { expression, returnByValue: true, awaitPromise: true }));
  if (answer.exceptionDetails !== undefined) throw new Error(`The page threw: ${JSON.stringify(answer)}`);
  return schema.parse(answer.result.value);
}

const KEYS = {
  Tab: { key: 'Tab', code: 'Tab', windowsVirtualKeyCode: 9 },
  Enter: { key: 'Enter', code: 'Enter', windowsVirtualKeyCode: 13, text: '\r' },
  Space: { key: ' ', code: 'Space', windowsVirtualKeyCode: 32, text: ' ' },
} as const;

async function press(send: Send, key: keyof typeof KEYS): Promise<void> {
  await send('Input.dispatchKeyEvent', { type: 'keyDown', ...KEYS[key] });
  await send('Input.dispatchKeyEvent', { type: 'keyUp', ...KEYS[key] });
}

async function click(send: Send, selector: string): Promise<void> {
  const place = await evaluate(
    send,
    z.object({ x: z.number(), y: z.number() }),
    `(() => { const element = document.querySelector(${JSON.stringify(selector)}); element.scrollIntoView({ block: 'center' });
      const box = element.getClientRects()[0]; return { x: box.x + box.width / 2, y: box.y + box.height / 2 }; })()`,
  );
  for (const type of ['mousePressed', 'mouseReleased']) {
    await send('Input.dispatchMouseEvent', { type, ...place, button: 'left', clickCount: 1 });
  }
}

async function screenshot(send: Send): Promise<Buffer> {
  await send('Page.bringToFront'); // a tab behind another is never painted
  const answer = await send('Page.captureScreenshot', { format: 'png', captureBeyondViewport: true });
  return Buffer.from(z.object({ data: z.string() }).parse(answer).data, 'base64');
}

function isWritable(stream: unknown): stream is Writable {
  return typeof stream === 'object' && stream !== null && 'write' in stream;
}

function isReadable(stream: unknown): stream is Readable {
  return typeof stream === 'object' && stream !== null && 'setEncoding' in stream;
}
