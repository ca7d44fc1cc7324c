import { readFile } from 'node:fs/promises';
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { z } from 'zod';
import { AppError } from '../../../core/errors.ts';
import type { KubernetesSdConfig } from './config.ts';

const PAGE = 500;
const MAX_PAGES = 200;
const MAX_PAGE_BYTES = 64 * 1024 * 1024;
const TIMEOUT_MS = 30_000;

const pageSchema = z.object({
  metadata: z.object({ continue: z.string().nullish() }).nullish(),
  items: z.array(z.unknown()).nullish(),
});

/** The API server could not be asked, or gave no list. Never holds the token. */
export class KubernetesError extends AppError {
  constructor(message: string, options: { readonly cause?: unknown } = {}) {
    super('E_KUBERNETES', message, { ...options, retryable: true });
  }
}

/**
 * Lists all objects of a kind, page by page. Token and certificate are read from their files each time, because they
 * are renewed.
 *
 * @throws KubernetesError
 */
export async function listObjects<T>(options: {
  readonly config: KubernetesSdConfig;
  /** Such as /api/v1/pods. */
  readonly path: string;
  readonly selectors: Readonly<Record<string, string | undefined>>;
  readonly item: z.ZodType<T>;
  readonly signal: AbortSignal;
}): Promise<readonly T[]> {
  const { config, path, selectors, item, signal } = options;
  const token = config.token_file === '' ? '' : (await readSecret(config.token_file)).trim();
  const ca =
    config.ca_file === '' || !config.api_server.startsWith('https:') ? undefined : await readSecret(config.ca_file);
  const items: T[] = [];
  let next = '';
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const url = new URL(`${config.api_server.replace(/\/$/, '')}${path}`);
    url.searchParams.set('limit', String(PAGE));
    if (next !== '') url.searchParams.set('continue', next);
    for (const [name, value] of Object.entries(selectors)) if (value !== undefined) url.searchParams.set(name, value);
    const answer = pageSchema.safeParse(parseJson(await get({ url, token, ca, signal })));
    if (!answer.success) throw new KubernetesError(`${path} gave no list.`);
    for (const object of answer.data.items ?? []) {
      const parsed = item.safeParse(object);
      // One object of another shape must not hide the others.
      if (parsed.success) items.push(parsed.data);
    }
    next = answer.data.metadata?.continue ?? '';
    if (next === '') return items;
  }
  throw new KubernetesError(`${path} has more than ${PAGE * MAX_PAGES} objects.`);
}

async function readSecret(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new KubernetesError(`The file ${file} cannot be read`, { cause: error });
  }
}

/** The built-in fetch takes no certificate of an own authority, so this goes through node:https. */
function get(options: {
  readonly url: URL;
  readonly token: string;
  readonly ca: string | undefined;
  readonly signal: AbortSignal;
}): Promise<string> {
  const { url, token, ca, signal } = options;
  const headers = { accept: 'application/json', ...(token === '' ? {} : { authorization: `Bearer ${token}` }) };
  const abort = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
  const settings = { headers, signal: abort, ...(ca === undefined ? {} : { ca }) };
  return new Promise((resolve, reject) => {
    const fail = (cause: unknown): void => reject(new KubernetesError(`${url.pathname} did not answer`, { cause }));
    const request = url.protocol === 'https:' ? requestHttps(url, settings) : requestHttp(url, settings);
    request.on('error', fail);
    request.on('response', (response) => {
      const parts: Buffer[] = [];
      let bytes = 0;
      response.on('error', fail);
      response.on('data', (part: Buffer) => {
        bytes += part.length;
        if (bytes <= MAX_PAGE_BYTES) parts.push(part);
        else response.destroy(new KubernetesError(`${url.pathname} is larger than ${MAX_PAGE_BYTES} bytes`));
      });
      response.on('end', () => {
        if (response.statusCode === 200) resolve(Buffer.concat(parts).toString('utf8'));
        else reject(new KubernetesError(`${url.pathname} answered with HTTP status ${response.statusCode}.`));
      });
    });
    request.end();
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
