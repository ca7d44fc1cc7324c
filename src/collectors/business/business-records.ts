import type { Store } from '../../store/store.ts';
import { readBusinessRows } from '../../store/queries/business-query.ts';
import type { BusinessEntry } from './config.ts';
import { type Fetch, instantQuery } from './instant-query.ts';

/** A closed interval; the end is not part of it. */
export interface Interval {
  readonly fromMs: number;
  readonly toMs: number;
}

/** The records of one interval, as they would be sent to /v1/business. */
export interface FetchedRecords {
  readonly records: readonly BusinessRecord[];
  /** Values that were no finite number. */
  readonly without: number;
}

export interface BusinessRecord {
  readonly ts: number;
  readonly metric: string;
  readonly value: number;
  readonly model?: string;
  readonly labels?: Readonly<Record<string, string>>;
}

interface Fetched {
  readonly value: number | null;
  readonly model: string;
  readonly labels: Readonly<Record<string, string>>;
}

/**
 * Fetches the number of one interval from its source.
 *
 * @throws BusinessFault, StoreError, E_BUSINESS_SHAPE
 */
export async function fetchRecords(options: {
  readonly entry: BusinessEntry;
  readonly interval: Interval;
  readonly store: Store;
  readonly fetch: Fetch;
  readonly signal: AbortSignal;
}): Promise<FetchedRecords> {
  const { entry, interval } = options;
  const fetched = entry.sql === undefined ? await fromPrometheus(options) : await fromSql(options, entry.sql.query);
  const records = fetched.flatMap(({ value, model, labels }) => {
    if (value === null || !Number.isFinite(value)) return [];
    const chosen = entry.model ?? model;
    const all = { ...labels, ...entry.labels };
    return [
      {
        ts: interval.toMs,
        metric: entry.metric,
        value,
        ...(chosen === '' ? {} : { model: chosen }),
        ...(Object.keys(all).length === 0 ? {} : { labels: all }),
      },
    ];
  });
  return { records, without: fetched.length - records.length };
}

async function fromPrometheus(options: Parameters<typeof fetchRecords>[0]): Promise<readonly Fetched[]> {
  const { entry, interval, fetch, signal } = options;
  if (entry.prometheus === undefined) return [];
  const { url, expr, token, headers } = entry.prometheus;
  const values = await instantQuery({
    url,
    expr,
    atMs: interval.toMs,
    headers: { ...(token === undefined ? {} : { authorization: `Bearer ${token}` }), ...headers },
    timeoutMs: entry.timeout,
    signal,
    fetch,
  });
  return values.map(({ value, labels: { model = '', ...labels } }) => {
    const rest = Object.entries(labels).filter(([name]) => name !== '__name__');
    return { value, model, labels: Object.fromEntries(rest) };
  });
}

async function fromSql(options: Parameters<typeof fetchRecords>[0], sql: string): Promise<readonly Fetched[]> {
  const { entry, interval, store } = options;
  const rows = await readBusinessRows({ store, sql, ...interval, timeoutMs: entry.timeout });
  return rows.map(({ value, model = '', labels = {} }) => ({ value, model, labels }));
}
