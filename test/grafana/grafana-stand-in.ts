import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { z } from 'zod';

export const TOKEN = 'glsa_a-token-of-a-service-account';

const folderSchema = z.strictObject({ uid: z.string().regex(/^[\w-]{1,40}$/), title: z.string().min(1) });
/** https://grafana.com/docs/grafana/latest/developers/http_api/dashboard/#create--update-dashboard */
const saveSchema = z.strictObject({
  dashboard: z.looseObject({
    id: z.null(),
    uid: z.string().regex(/^[\w-]{1,40}$/),
    title: z.string().min(1),
    schemaVersion: z.number(),
  }),
  folderUid: z.string(),
  message: z.string(),
  overwrite: z.literal(true),
});

interface Stored {
  readonly dashboard: Readonly<Record<string, unknown>>;
  readonly folderUid: string;
}

/** A stand-in for the part of Grafana's HTTP API that pushing uses; it refuses what the documentation does not allow. */
export interface GrafanaStandIn {
  readonly url: string;
  readonly folders: Map<string, string>;
  readonly dashboards: Map<string, Stored>;
  /** Method and path of every request that changed something. */
  readonly writes: string[];
  /** When set, every write is refused with this status. */
  refuseWrites: number | undefined;
  stop(): Promise<void>;
}

/** Starts it on loopback, below the path `/grafana`. */
export async function startGrafanaStandIn(): Promise<GrafanaStandIn> {
  const server = createServer((request, response) => {
    void answer(standIn, request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The stand-in has no port.');
  const standIn: GrafanaStandIn = {
    url: `http://127.0.0.1:${address.port}/grafana`,
    folders: new Map(),
    dashboards: new Map(),
    writes: [],
    refuseWrites: undefined,
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return standIn;
}

async function answer(standIn: GrafanaStandIn, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(z.instanceof(Buffer).parse(chunk));
  const { status, body } = route(standIn, request, Buffer.concat(chunks).toString('utf8'));
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

interface Reply {
  readonly status: number;
  readonly body: unknown;
}

function route(standIn: GrafanaStandIn, { method = '', url = '', headers }: IncomingMessage, text: string): Reply {
  if (headers.authorization !== `Bearer ${TOKEN}`) return { status: 401, body: { message: 'Invalid API key' } };
  const path = url.replace('/grafana/api', '');
  if (method === 'GET') return read(standIn, path);
  standIn.writes.push(`${method} ${path}`);
  if (standIn.refuseWrites !== undefined) return { status: standIn.refuseWrites, body: { message: 'no' } };
  if (headers['content-type']?.startsWith('application/json') !== true) return { status: 415, body: {} };
  const json: unknown = JSON.parse(text);
  return path === '/folders' ? makeFolder(standIn, json) : save(standIn, path, json);
}

function read(standIn: GrafanaStandIn, path: string): Reply {
  const missing = { status: 404, body: { message: 'not found' } };
  const [, kind, ...rest] = path.split('/');
  const uid = rest.at(-1) ?? '';
  if (kind === 'folders') {
    const title = standIn.folders.get(uid);
    return title === undefined ? missing : { status: 200, body: { id: 1, uid, title } };
  }
  const stored = standIn.dashboards.get(uid);
  if (stored === undefined || rest[0] !== 'uid') return missing;
  return { status: 200, body: { dashboard: stored.dashboard, meta: { folderUid: stored.folderUid } } };
}

function makeFolder(standIn: GrafanaStandIn, json: unknown): Reply {
  const parsed = folderSchema.safeParse(json);
  if (!parsed.success) return { status: 400, body: { message: parsed.error.message } };
  const { uid, title } = parsed.data;
  if (standIn.folders.has(uid))
    return { status: 412, body: { message: 'the folder has been changed by someone else' } };
  standIn.folders.set(uid, title);
  return { status: 200, body: { id: 1, uid, title } };
}

function save(standIn: GrafanaStandIn, path: string, json: unknown): Reply {
  const parsed = saveSchema.safeParse(json);
  if (path !== '/dashboards/db' || !parsed.success)
    return { status: 400, body: { message: parsed.error?.message ?? path } };
  const { dashboard, folderUid } = parsed.data;
  if (!standIn.folders.has(folderUid)) return { status: 400, body: { message: 'folder not found' } };
  const version = standIn.writes.length;
  // Grafana gives the keys back in an order of its own.
  const reversed = Object.fromEntries(Object.entries({ ...dashboard, id: 7, version }).toReversed());
  standIn.dashboards.set(dashboard.uid, { dashboard: reversed, folderUid });
  return { status: 200, body: { id: 7, uid: dashboard.uid, url: `/d/${dashboard.uid}`, status: 'success', version } };
}
