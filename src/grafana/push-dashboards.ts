import { z } from 'zod';
import { AppError } from '../core/errors.ts';
import { type Json, type JsonObject, objectAt, textAt, toJson, toJsonObject } from './json.ts';

/** What became of a dashboard that was pushed. */
export interface PushedDashboard {
  readonly uid: string;
  readonly outcome: 'created' | 'changed' | 'unchanged';
}

export interface PushOptions {
  /** Address of Grafana, with its path if it has one. */
  readonly url: string;
  /** Token of a service account that may edit the folder; never logged. */
  readonly token: string;
  readonly folder: { readonly uid: string; readonly title: string };
  readonly dashboards: readonly JsonObject[];
  readonly fetch: typeof fetch;
}

/**
 * Writes dashboards into a folder of a running Grafana; made anew or overwritten by uid, and left alone when they are
 * there as they should be, so that a second push adds no versions.
 *
 * @throws E_GRAFANA_PUSH  when Grafana cannot be reached or refuses; retryable for 429 and 5xx
 * @see https://grafana.com/docs/grafana/latest/developers/http_api/dashboard/ and /folder/
 */
export async function pushDashboards(options: PushOptions): Promise<readonly PushedDashboard[]> {
  await ensureFolder(options);
  const pushed: PushedDashboard[] = [];
  for (const dashboard of options.dashboards) pushed.push(await pushOne(options, dashboard));
  return pushed;
}

const TIMEOUT_MS = 30_000;

async function ensureFolder(options: PushOptions): Promise<void> {
  const { uid, title } = options.folder;
  const found = await call(options, 'GET', `/api/folders/${encodeURIComponent(uid)}`);
  if (found.status === 200) return;
  if (found.status !== 404) throw refused('look for the folder', found);
  const made = await call(options, 'POST', '/api/folders', { uid, title });
  // 412: another push has just made it.
  if (made.status !== 200 && made.status !== 412) throw refused(`make the folder ${title}`, made);
}

async function pushOne(options: PushOptions, dashboard: JsonObject): Promise<PushedDashboard> {
  const uid = textAt(dashboard, 'uid');
  const found = await call(options, 'GET', `/api/dashboards/uid/${encodeURIComponent(uid)}`);
  if (found.status !== 200 && found.status !== 404) throw refused(`look for the dashboard ${uid}`, found);
  if (found.status === 200 && isSame(options, found.body, dashboard)) return { uid, outcome: 'unchanged' };
  const saved = await call(options, 'POST', '/api/dashboards/db', {
    dashboard: { ...dashboard, id: null },
    folderUid: options.folder.uid,
    message: 'plumbline generate --push',
    overwrite: true,
  });
  if (saved.status !== 200) throw refused(`write the dashboard ${uid}`, saved);
  return { uid, outcome: found.status === 404 ? 'created' : 'changed' };
}

/** Grafana adds an id and a version of its own. */
function isSame(options: PushOptions, stored: JsonObject, dashboard: JsonObject): boolean {
  const plain = (json: JsonObject): string => {
    const { id: _, version: __, ...rest } = json;
    return JSON.stringify(sorted(rest));
  };
  const isHere = textAt(objectAt(stored, 'meta'), 'folderUid') === options.folder.uid;
  return isHere && plain(objectAt(stored, 'dashboard')) === plain(dashboard);
}

/** Grafana may give the keys of an object back in another order. */
function sorted(value: Json): Json {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, item]) => [key, sorted(toJson(item))]));
}

interface Reply {
  readonly status: number;
  readonly body: JsonObject;
}

async function call(options: PushOptions, method: string, path: string, body?: JsonObject): Promise<Reply> {
  const address = `${options.url.replace(/\/+$/, '')}${path}`;
  try {
    const response = await options.fetch(address, {
      method,
      headers: {
        accept: 'application/json',
        authorization: `Bearer ${options.token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      signal: AbortSignal.timeout(TIMEOUT_MS),
      redirect: 'error',
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: readBody(await response.text()) };
  } catch (cause) {
    throw new AppError('E_GRAFANA_PUSH', `Grafana at ${options.url} cannot be reached.`, { retryable: true, cause });
  }
}

function readBody(text: string): JsonObject {
  try {
    return toJsonObject(z.record(z.string(), z.unknown()).parse(JSON.parse(text)));
  } catch {
    // A proxy may answer with a page; the status says enough.
    return {};
  }
}

const REASONS: Readonly<Record<number, string>> = {
  401: 'the token is not valid',
  403: 'the service account may not do that; it needs the role Editor or the rights to write dashboards and folders',
  404: 'there is no Grafana API at that address',
};

function refused(what: string, { status, body }: Reply): AppError {
  const said = textAt(body, 'message').slice(0, 300);
  const reason = REASONS[status] ?? (said === '' ? 'no reason was given' : said);
  const retryable = status === 429 || status >= 500;
  return new AppError('E_GRAFANA_PUSH', `Grafana did not ${what}: ${status}, ${reason}.`, { retryable });
}
