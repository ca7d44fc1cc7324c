import { describeError } from '../../core/errors.ts';
import { readBody } from './read-body.ts';
import type { ScrapeTarget } from './scrape-target.ts';

export type Fetch = typeof globalThis.fetch;

export type ScrapeFailure =
  | 'connection'
  | 'timeout'
  | 'status'
  | 'too_large'
  | 'unsupported_format'
  | 'unreadable'
  | 'stopped';

export type ScrapeAnswer =
  | { readonly ok: true; readonly text: string; readonly contentType: string }
  | { readonly ok: false; readonly reason: ScrapeFailure; readonly detail: string };

/** Decompressed size at which reading an answer stops. */
export const MAX_BODY_BYTES = 10 * 1024 * 1024;

/** What Prometheus sends, less the formats not read here. */
const ACCEPT =
  'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,' +
  'text/plain;version=1.0.0;escaping=allow-utf-8;q=0.6,text/plain;version=0.0.4;q=0.5,*/*;q=0.1';

/** Exporters that name no type, or another kind of text, are read as text like Prometheus 2 does. */
const READABLE = /^\s*(?:$|text\/|application\/openmetrics-text\b|application\/octet-stream\b)/i;

/**
 * Asks a target for its metrics. Whatever the target does is an answer, never a fault; the size is counted after
 * decompression, so a small body that swells is stopped too.
 *
 * @see Prometheus, content negotiation
 */
export async function askTarget(options: {
  readonly target: ScrapeTarget;
  readonly fetch: Fetch;
  readonly signal: AbortSignal;
}): Promise<ScrapeAnswer> {
  const { target, fetch, signal } = options;
  const timeout = AbortSignal.timeout(target.timeoutMs);
  try {
    const response = await fetch(target.url, {
      headers: {
        ...target.headers,
        Accept: ACCEPT,
        'Accept-Encoding': 'gzip',
        'User-Agent': 'plumbline',
        'X-Prometheus-Scrape-Timeout-Seconds': String(target.timeoutMs / 1000),
      },
      signal: AbortSignal.any([timeout, signal]),
    });
    return await readAnswer(response);
  } catch (error) {
    if (signal.aborted) return { ok: false, reason: 'stopped', detail: 'The collector is stopping.' };
    if (timeout.aborted) {
      return { ok: false, reason: 'timeout', detail: `No whole answer within ${target.timeoutMs} ms.` };
    }
    return { ok: false, reason: 'connection', detail: describeError(error) };
  }
}

async function readAnswer(response: Response): Promise<ScrapeAnswer> {
  const contentType = response.headers.get('content-type') ?? '';
  if (response.status !== 200) {
    await response.body?.cancel();
    return { ok: false, reason: 'status', detail: `HTTP status ${response.status}.` };
  }
  if (!READABLE.test(contentType)) {
    await response.body?.cancel();
    const detail = `The target answers in ${contentType.slice(0, 100)}; text/plain and application/openmetrics-text are read.`;
    return { ok: false, reason: 'unsupported_format', detail };
  }
  const text = await readBody(response, MAX_BODY_BYTES);
  if (text === undefined) {
    return { ok: false, reason: 'too_large', detail: `The answer is larger than ${MAX_BODY_BYTES} bytes.` };
  }
  return { ok: true, text, contentType };
}
