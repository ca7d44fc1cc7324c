import { EventEmitter, once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type RequestListener } from 'node:http';

export interface Exporter {
  /** host:port. */
  readonly target: string;
  /** Headers of the requests so far. */
  readonly requests: readonly IncomingHttpHeaders[];
  /** Resolves when `count` requests have come in all. */
  asked(count: number): Promise<void>;
  stop(): Promise<void>;
}

/** Starts a real HTTP exporter on loopback that answers as told. */
export async function startExporter(answer: RequestListener): Promise<Exporter> {
  const requests: IncomingHttpHeaders[] = [];
  const arrivals = new EventEmitter();
  const server = createServer((request, response) => {
    requests.push(request.headers);
    arrivals.emit('request');
    answer(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The exporter has no port.');
  return {
    target: `127.0.0.1:${address.port}`,
    requests,
    asked: async (count) => {
      while (requests.length < count) await once(arrivals, 'request');
    },
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
