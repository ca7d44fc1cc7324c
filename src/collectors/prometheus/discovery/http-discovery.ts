import { describeError } from '../../../core/errors.ts';
import { readBody } from '../read-body.ts';
import type { HttpSdConfig } from './config.ts';
import type { Discovery } from './discovery.ts';
import { targetGroupsSchema } from './target-group.ts';

const MAX_BODY_BYTES = 10 * 1024 * 1024;
const TIMEOUT_MS = 10_000;

/** Returns the discovery that asks an HTTP service for a list of targets. @see Prometheus, http_sd_config */
export function createHttpDiscovery(config: HttpSdConfig, fetch: typeof globalThis.fetch): Discovery {
  const bearer = config.bearer === undefined ? {} : { Authorization: `Bearer ${config.bearer}` };
  return {
    kind: 'http',
    intervalMs: config.refresh_interval,
    refresh: async (signal) => {
      const answer = await ask(fetch, config.url, {
        headers: {
          ...config.headers,
          ...bearer,
          Accept: 'application/json',
          'User-Agent': 'plumbline',
          'X-Prometheus-Refresh-Interval-Seconds': String(config.refresh_interval / 1000),
        },
        signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
      });
      if (!answer.ok) return { groups: undefined, fault: answer.reason };
      const groups = targetGroupsSchema.safeParse(parseJson(answer.text));
      if (!groups.success) {
        return { groups: undefined, fault: 'The answer is no list of {targets: [...], labels: {...}}.' };
      }
      const found = groups.data.map(({ targets, labels }) => ({
        targets,
        labels: { ...labels, __meta_url: config.url },
      }));
      return { groups: found, fault: undefined };
    },
  };
}

type Answer = { readonly ok: true; readonly text: string } | { readonly ok: false; readonly reason: string };

async function ask(fetch: typeof globalThis.fetch, url: string, options: RequestInit): Promise<Answer> {
  try {
    const response = await fetch(url, options);
    const text = await readBody(response, MAX_BODY_BYTES);
    if (response.status !== 200) return { ok: false, reason: `HTTP status ${response.status}.` };
    if (text === undefined) return { ok: false, reason: `The answer is larger than ${MAX_BODY_BYTES} bytes.` };
    return { ok: true, text };
  } catch (error) {
    return { ok: false, reason: `No answer: ${describeError(error)}.` };
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
