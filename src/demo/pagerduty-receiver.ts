import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { z } from 'zod';
import { describeError } from '../core/errors.ts';
import { closeServer, listenOnLoopback } from './loopback-server.ts';

/** One accepted event. Times are epoch milliseconds of the replay. */
export interface ReceivedPage {
  readonly atMs: number;
  readonly action: 'trigger' | 'acknowledge' | 'resolve';
  readonly dedupKey: string;
  readonly severity: string;
  readonly summary: string;
}

const payloadSchema = z.object({
  summary: z.string().min(1).max(1024),
  source: z.string().min(1),
  severity: z.enum(['critical', 'error', 'warning', 'info']),
});

const eventSchema = z.discriminatedUnion('event_action', [
  z.object({
    routing_key: z.string().length(32),
    event_action: z.literal('trigger'),
    dedup_key: z.string().min(1).max(255),
    payload: payloadSchema,
  }),
  z.object({
    routing_key: z.string().length(32),
    event_action: z.enum(['acknowledge', 'resolve']),
    dedup_key: z.string().min(1).max(255),
    payload: payloadSchema.optional(),
  }),
]);

const MAX_BODY_BYTES = 512 * 1024;

/** A loopback HTTP server that takes PagerDuty Events v2 as PagerDuty does and keeps what it accepted. */
export class PagerDutyReceiver {
  readonly #server: Server;
  readonly #pages: ReceivedPage[] = [];
  readonly #now: () => number;
  readonly #onPage: (page: ReceivedPage) => void;
  #port = 0;

  private constructor(options: { readonly now: () => number; readonly onPage: (page: ReceivedPage) => void }) {
    this.#now = options.now;
    this.#onPage = options.onPage;
    this.#server = createServer((request, response) => {
      this.#handle(request, response).catch((error: unknown) => {
        if (response.headersSent) response.destroy();
        else answer(response, 400, { status: 'invalid event', message: describeError(error), errors: [] });
      });
    });
  }

  /** Starts it; `now` gives the time a page is said to have arrived, `onPage` hears of each. */
  static async start(options: {
    readonly now: () => number;
    readonly onPage: (page: ReceivedPage) => void;
  }): Promise<PagerDutyReceiver> {
    const receiver = new PagerDutyReceiver(options);
    receiver.#port = await listenOnLoopback(receiver.#server);
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  get pages(): readonly ReceivedPage[] {
    return this.#pages;
  }

  async stop(): Promise<void> {
    await closeServer(this.#server);
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.url !== '/v2/enqueue') return answer(response, 404, { status: 'not found' });
    if (request.method !== 'POST') return answer(response, 405, { status: 'method not allowed' });
    const parsed = eventSchema.safeParse(JSON.parse(await readBody(request)));
    if (!parsed.success) {
      const errors = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
      return answer(response, 400, { status: 'invalid event', message: 'Event object is invalid', errors });
    }
    const event = parsed.data;
    const page = {
      atMs: this.#now(),
      action: event.event_action,
      dedupKey: event.dedup_key,
      severity: event.payload?.severity ?? '',
      summary: event.payload?.summary ?? '',
    };
    this.#pages.push(page);
    this.#onPage(page);
    return answer(response, 202, { status: 'success', message: 'Event processed', dedup_key: event.dedup_key });
  }
}

/** Returns a page as one line, as the demo prints it. */
export function describePage(page: ReceivedPage): string {
  const at = new Date(page.atMs).toISOString().slice(0, 16).replace('T', ' ');
  const text = page.summary === '' ? '' : `  ${page.severity}  ${page.summary}`;
  return `PagerDuty (bundled receiver)  ${at}  ${page.action.padEnd(7)}  ${page.dedupKey}${text}`;
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    if (!Buffer.isBuffer(chunk)) continue;
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) break;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}
