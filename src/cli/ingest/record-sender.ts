import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { z } from 'zod';
import { systemClock } from '../../core/clock.ts';
import { AppError, UsageError } from '../../core/errors.ts';
import { retry } from '../../core/retry.ts';
import type { RecordKind } from '../../store/ingest/unit.ts';
import { problemDetail, type ServiceLink } from '../service-link.ts';

const answerSchema = z.object({
  accepted: z.number(),
  rejected: z.number(),
  /** `line` counts within the request, from 1. */
  errors: z.array(z.object({ line: z.number(), field: z.string(), reason: z.string() })),
});

export type SenderAnswer = z.infer<typeof answerSchema>;

const POLICY = { attempts: 12, baseMs: 200, capMs: 5000 } as const;
const NEWLINE = Buffer.from('\n');

/** Sends lines to a service, each chunk under a key made of its content: sent again, also by another run, it counts once. */
export class RecordSender {
  readonly #link: ServiceLink;
  readonly #kind: RecordKind;
  readonly #path: string;
  #answered = false;

  constructor(options: { readonly link: ServiceLink; readonly kind: RecordKind; readonly allErrors: boolean }) {
    this.#link = options.link;
    this.#kind = options.kind;
    this.#path = `/v1/${options.kind}?max_errors=${options.allErrors ? 1_000_000 : 20}`;
  }

  /**
   * Sends one chunk and returns what became of it; a service that is busy or away for a while is tried again.
   *
   * @throws E_UNREACHABLE, at once when the service never answered; E_USAGE when it refuses; E_REFUSED when it fails
   */
  async send(lines: readonly Buffer[]): Promise<SenderAnswer> {
    const body = gzipSync(Buffer.concat(lines.flatMap((line) => [line, NEWLINE])), { level: 1 });
    const hash = createHash('sha256').update(this.#kind);
    for (const line of lines) hash.update(line).update(NEWLINE);
    const key = `file-${hash.digest('hex')}`;
    return retry({ action: () => this.#request(body, key), policy: POLICY, clock: systemClock, random: Math.random });
  }

  async #request(body: Uint8Array<ArrayBuffer>, key: string): Promise<SenderAnswer> {
    const { url, headers } = this.#link;
    let response: Response;
    let text: string;
    try {
      response = await fetch(`${url}${this.#path}`, {
        method: 'POST',
        headers: {
          ...headers,
          'content-type': 'application/x-ndjson',
          'content-encoding': 'gzip',
          'idempotency-key': key,
        },
        body,
        signal: AbortSignal.timeout(300_000),
      });
      text = await response.text();
    } catch (error) {
      throw new AppError('E_UNREACHABLE', `${url} does not answer`, { retryable: this.#answered, cause: error });
    }
    this.#answered = true;
    const { status } = response;
    const parsed = answerSchema.safeParse(parseJson(text));
    if (parsed.success && (status === 200 || status === 400)) return parsed.data;
    const sentence = `${url} answered ${status}: ${problemDetail(text)}`;
    if (status >= 400 && status < 500 && status !== 429) throw new UsageError(sentence);
    throw new AppError('E_REFUSED', sentence, { retryable: true });
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
