import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ReceivedRequest {
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>>;
  /** The body as it came. */
  readonly text: string;
  /** When it had come, epoch ms. */
  readonly receivedMs: number;
  readonly headers: IncomingMessage['headers'];
}

export interface Receiver {
  readonly url: string;
  readonly received: readonly ReceivedRequest[];
  /** Status, body and headers of the next answers; 202 when there are none. 'hang' never answers. */
  answerWith(...answers: readonly (Answer | 'hang')[]): void;
  stop(): Promise<void>;
}

export interface Answer {
  readonly status: number;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Starts an HTTP server on loopback that keeps every JSON body it is sent. */
export async function startReceiver(): Promise<Receiver> {
  const received: ReceivedRequest[] = [];
  const answers: (Answer | 'hang')[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString();
      const { headers } = request;
      received.push({ path: request.url ?? '', body: parse(text), text, receivedMs: Date.now(), headers });
      const answer = answers.shift() ?? { status: 202, body: '{"status":"success"}' };
      if (answer !== 'hang') response.writeHead(answer.status, { ...answer.headers }).end(answer.body ?? '');
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const port = portOf(server.address());
  return {
    url: `http://127.0.0.1:${port}`,
    received,
    answerWith: (...next) => {
      answers.splice(0, answers.length, ...next);
    },
    stop: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => {
          resolve();
        });
      }),
  };
}

function parse(text: string): Readonly<Record<string, unknown>> {
  try {
    const body: Readonly<Record<string, unknown>> = JSON.parse(text);
    return body;
  } catch {
    // Forms are looked at as text.
    return {};
  }
}

function portOf(address: AddressInfo | string | null): number {
  if (typeof address !== 'object' || address === null) throw new Error('The receiver has no port.');
  return address.port;
}
