import { readFile } from 'node:fs/promises';
import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { z } from 'zod';
import { AppError } from '../../../core/errors.ts';
import type { KubernetesSdConfig } from './config.ts';

const PAGE = 500;
const MAX_PAGES = 200;
const MAX_PAGE_BYTES = 64 * 1024 * 1024;
const MAX_LINE_BYTES = 4 * 1024 * 1024;
const TIMEOUT_MS = 30_000;
/** So long the API server is asked to keep a watch open. */
const WATCH_SECONDS = 300;

const pageSchema = z.object({
  metadata: z.object({ continue: z.string().nullish(), resourceVersion: z.string().nullish() }).nullish(),
  items: z.array(z.unknown()).nullish(),
});

/** The API server could not be asked, or gave no list. Never holds the token. */
export class KubernetesError extends AppError {
  /** HTTP status, where that was the answer. */
  readonly status: number | undefined;

  constructor(message: string, options: { readonly cause?: unknown; readonly status?: number | undefined } = {}) {
    super('E_KUBERNETES', message, { ...options, retryable: true });
    this.status = options.status;
  }
}

/** What is asked for: a kind of objects, such as /api/v1/pods. */
export interface KubernetesRequest {
  readonly config: KubernetesSdConfig;
  readonly path: string;
  readonly selectors: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
}

/**
 * Lists all objects of a kind, page by page, as they are, and the version from which changes can be watched; '' when the
 * server names none. Token and certificate are read from their files each time, because they are renewed.
 *
 * @throws KubernetesError
 */
export async function listObjects(
  request: KubernetesRequest,
): Promise<{ readonly items: readonly unknown[]; readonly version: string }> {
  const access = await accessOf(request.config);
  const items: unknown[] = [];
  let next = '';
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const url = urlOf(request, { limit: String(PAGE), ...(next === '' ? {} : { continue: next }) });
    const signal = AbortSignal.any([request.signal, AbortSignal.timeout(TIMEOUT_MS)]);
    const answer = pageSchema.safeParse(parseJson(await readAll(url, await open({ url, access, signal }))));
    if (!answer.success) throw new KubernetesError(`${request.path} gave no list.`);
    items.push(...(answer.data.items ?? []));
    next = answer.data.metadata?.continue ?? '';
    if (next === '') return { items, version: answer.data.metadata?.resourceVersion ?? '' };
  }
  throw new KubernetesError(`${request.path} has more than ${PAGE * MAX_PAGES} objects.`);
}

/**
 * Watches a kind of objects from a version on and hands over the lines of events, as many at once as came together,
 * until `onLines` returns false, the server ends the watch, or the signal ends it.
 *
 * @throws KubernetesError
 */
export async function watchObjects(
  request: KubernetesRequest & {
    readonly version: string;
    readonly onLines: (lines: readonly string[]) => boolean;
  },
): Promise<void> {
  const { config, path, signal, version, onLines } = request;
  const url = urlOf(request, {
    watch: '1',
    allowWatchBookmarks: 'true',
    resourceVersion: version,
    timeoutSeconds: String(WATCH_SECONDS),
  });
  try {
    const whole = AbortSignal.any([signal, AbortSignal.timeout(WATCH_SECONDS * 1000 + TIMEOUT_MS)]);
    const response = await open({ url, access: await accessOf(config), signal: whole });
    response.setEncoding('utf8');
    let rest = '';
    for await (const part of response) {
      const lines = `${rest}${String(part)}`.split('\n');
      rest = lines.pop() ?? '';
      if (rest.length > MAX_LINE_BYTES) throw new KubernetesError(`${path} sent an event that is too large.`);
      // Leaving the loop closes the connection.
      if (lines.length > 0 && !onLines(lines)) return;
    }
  } catch (error) {
    if (signal.aborted) return;
    if (error instanceof KubernetesError) throw error;
    throw new KubernetesError(`${path} broke the watch off`, { cause: error });
  }
}

interface Access {
  readonly token: string;
  readonly ca: string | undefined;
}

async function accessOf(config: KubernetesSdConfig): Promise<Access> {
  const token = config.token_file === '' ? '' : (await readSecret(config.token_file)).trim();
  const isPlain = config.ca_file === '' || !config.api_server.startsWith('https:');
  return { token, ca: isPlain ? undefined : await readSecret(config.ca_file) };
}

function urlOf({ config, path, selectors }: KubernetesRequest, parameters: Readonly<Record<string, string>>): URL {
  const url = new URL(`${config.api_server.replace(/\/$/, '')}${path}`);
  for (const [name, value] of Object.entries({ ...parameters, ...selectors })) {
    if (value !== undefined) url.searchParams.set(name, value);
  }
  return url;
}

async function readSecret(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new KubernetesError(`The file ${file} cannot be read`, { cause: error });
  }
}

/** The built-in fetch takes no certificate of an own authority, so this goes through node:https. */
function open({
  url,
  access,
  signal,
}: {
  readonly url: URL;
  readonly access: Access;
  readonly signal: AbortSignal;
}): Promise<IncomingMessage> {
  const { token, ca } = access;
  const headers = { accept: 'application/json', ...(token === '' ? {} : { authorization: `Bearer ${token}` }) };
  const settings = { headers, signal, ...(ca === undefined ? {} : { ca }) };
  return new Promise((resolve, reject) => {
    const request = url.protocol === 'https:' ? requestHttps(url, settings) : requestHttp(url, settings);
    request.on('error', (cause) => reject(new KubernetesError(`${url.pathname} did not answer`, { cause })));
    request.on('response', (response) => {
      const { statusCode: status } = response;
      if (status === 200) {
        resolve(response);
        return;
      }
      response.resume();
      reject(new KubernetesError(`${url.pathname} answered with HTTP status ${status}.`, { status }));
    });
    request.end();
  });
}

async function readAll(url: URL, response: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const part of response) {
      const chunk = Buffer.from(part);
      bytes += chunk.length;
      if (bytes > MAX_PAGE_BYTES) throw new KubernetesError(`${url.pathname} is larger than ${MAX_PAGE_BYTES} bytes.`);
      parts.push(chunk);
    }
  } catch (error) {
    if (error instanceof KubernetesError) throw error;
    throw new KubernetesError(`${url.pathname} did not answer`, { cause: error });
  }
  return Buffer.concat(parts).toString('utf8');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON is told as no list.
    return undefined;
  }
}
