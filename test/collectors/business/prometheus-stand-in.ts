import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface StandIn {
  readonly url: string;
  /** The forms received, oldest first. */
  readonly asked: readonly URLSearchParams[];
  readonly authorizations: readonly (string | undefined)[];
  /** What is answered next: status and body. */
  answer: (form: URLSearchParams) => { readonly status?: number; readonly body: unknown };
  stop(): Promise<void>;
}

/** A server that answers instant queries as Prometheus documents it. */
export async function startPrometheusStandIn(): Promise<StandIn> {
  const asked: URLSearchParams[] = [];
  const authorizations: (string | undefined)[] = [];
  const standIn = {
    asked,
    authorizations,
    answer: (_form: URLSearchParams): { readonly status?: number; readonly body: unknown } => ({ body: vector([]) }),
  };
  const server = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8');
    request.on('data', (chunk: string) => {
      text += chunk;
    });
    request.on('end', () => {
      const form = new URLSearchParams(text);
      asked.push(form);
      authorizations.push(request.headers.authorization);
      const { status = 200, body } = standIn.answer(form);
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(typeof body === 'string' ? body : JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  const port = isInternet(address) ? address.port : 0;
  return Object.assign(standIn, {
    url: `http://127.0.0.1:${port}`,
    stop: () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  });
}

/** The answer to an instant query with these elements. */
export function vector(elements: readonly { readonly metric?: Record<string, string>; readonly value: string }[]) {
  return {
    status: 'success',
    data: {
      resultType: 'vector',
      result: elements.map(({ metric = {}, value }) => ({ metric, value: [1_795_300_000.781, value] })),
    },
  };
}

function isInternet(address: AddressInfo | string | null): address is AddressInfo {
  return typeof address === 'object' && address !== null;
}
