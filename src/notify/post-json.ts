import { describeError } from '../core/errors.ts';
import type { Delivery, FailureReason } from './notifier.ts';

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

const DETAIL_LIMIT = 500;
const ANSWER_LIMIT = 16_384;

/**
 * Sends one JSON body and classifies the answer: 2xx is accepted; 408, 429, 5xx, timeouts and a broken way there may be
 * tried again; every other status is final. Redirects are not followed.
 *
 * @param request.secrets  Texts that must not show in the detail, whatever the receiver answers.
 */
export async function postJson(request: {
  readonly url: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly fetch: Fetch;
  readonly secrets: readonly string[];
  /** Refusals that mean that the work was done before, for example 409. */
  readonly doneStatuses?: readonly number[];
}): Promise<Delivery> {
  const timeout = AbortSignal.timeout(request.timeoutMs);
  const clean = (text: string): string => cleaned(text, request.secrets);
  try {
    const response = await request.fetch(request.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...request.headers },
      body: request.body,
      redirect: 'manual',
      signal: AbortSignal.any([request.signal, timeout]),
    });
    if (response.ok || request.doneStatuses?.includes(response.status) === true) {
      await response.body?.cancel();
      return { ok: true };
    }
    const answer = await readStart(response);
    const retryAfterMs = retryAfterOf(response.headers.get('retry-after'));
    return {
      ...classify(response.status),
      detail: clean(`HTTP ${response.status} ${answer}`.trim()),
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    };
  } catch (error) {
    if (timeout.aborted) return failed('timeout', `no answer within ${request.timeoutMs} ms`);
    if (request.signal.aborted) return failed('timeout', 'aborted');
    return failed('server', clean(describeError(error)));
  }
}

/** Returns the parts of an address that may be secret: the whole, and each long part of path and query. */
export function urlSecrets(address: string): readonly string[] {
  const { pathname, search, password } = new URL(address);
  const parts = `${pathname}/${search}`.split(/[/?&=]/).filter((part) => part.length >= SECRET_PART);
  return [address, password, ...parts];
}

const SECRET_PART = 8;

function failed(reason: FailureReason, detail: string): Delivery {
  return { ok: false, retryable: true, reason, detail };
}

function classify(status: number): { readonly ok: false; readonly retryable: boolean; readonly reason: FailureReason } {
  if (status === 429) return { ok: false, retryable: true, reason: 'rate_limited' };
  if (status === 408) return { ok: false, retryable: true, reason: 'timeout' };
  if (status >= 500) return { ok: false, retryable: true, reason: 'server' };
  if (status === 401 || status === 403) return { ok: false, retryable: false, reason: 'auth' };
  return { ok: false, retryable: false, reason: 'client' };
}

/** Reads the beginning of an answer and drops the rest, so that a receiver cannot fill the memory. */
async function readStart(response: Response): Promise<string> {
  if (response.body === null) return '';
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let text = '';
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text;
    size += value.byteLength;
    text += decoder.decode(value, { stream: true });
    if (size < ANSWER_LIMIT) continue;
    await reader.cancel();
    return text;
  }
}

function cleaned(text: string, secrets: readonly string[]): string {
  const hidden = secrets
    .filter((secret) => secret !== '')
    .reduce((rest, secret) => rest.replaceAll(secret, '[secret]'), text);
  return hidden.replaceAll(/\s+/g, ' ').slice(0, DETAIL_LIMIT);
}

/** Retry-After in seconds; dates are ignored, the own waiting time then applies. */
function retryAfterOf(header: string | null): number | undefined {
  return header !== null && /^\d{1,6}$/.test(header) ? Number(header) * 1000 : undefined;
}
