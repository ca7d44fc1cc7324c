import { createServer, type IncomingMessage } from 'node:http';

export interface SunkBody {
  readonly path: string;
  readonly key: string;
  readonly lines: readonly string[];
}

export interface IngestSink {
  readonly url: string;
  /** Every body that came, in order of arrival. */
  readonly bodies: readonly SunkBody[];
  /** The most requests that were open at once. */
  readonly mostOpen: number;
  stop(): Promise<void>;
}

/** Starts a loopback server that answers as the ingest paths of the service do; `statusOf` may refuse a body. */
export async function startIngestSink(
  answerOf: (body: SunkBody) => { readonly status: number; readonly rejected?: number } = () => ({ status: 200 }),
): Promise<IngestSink> {
  const bodies: SunkBody[] = [];
  let open = 0;
  let mostOpen = 0;
  const server = createServer((request, response) => {
    open += 1;
    mostOpen = Math.max(mostOpen, open);
    void read(request).then((text) => {
      const key = request.headers['idempotency-key'];
      const body = {
        path: request.url ?? '',
        key: typeof key === 'string' ? key : '',
        lines: text.trimEnd().split('\n'),
      };
      bodies.push(body);
      const { status, rejected = 0 } = answerOf(body);
      const errors = rejected === 0 ? [] : [{ line: 1, field: 'ts', reason: 'is required' }];
      response.writeHead(status, { 'content-type': 'application/json' });
      open -= 1;
      response.end(JSON.stringify({ accepted: body.lines.length - rejected, rejected, errors }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    bodies,
    get mostOpen() {
      return mostOpen;
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function read(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}
