import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { AppError } from '../../../core/errors.ts';
import type { KafkaConfig } from '../config.ts';

/** How a token is had: from a file that somebody keeps fresh, or from an authorization server. */
export type OauthBearer = Extract<NonNullable<KafkaConfig['sasl']>, { readonly mechanism: 'oauthbearer' }>;

/**
 * Returns a source of bearer tokens, asked at each login. A file is read anew each time; a token of an authorization
 * server is kept until shortly before it expires.
 *
 * @throws AppError E_KAFKA_TOKEN, from the source, when the file or the server gives none
 * @see RFC 6749 section 4.4 (client credentials), RFC 7628 (SASL OAUTHBEARER)
 */
export function createTokenSource(
  sasl: OauthBearer,
  { now, fetch }: { readonly now: () => number; readonly fetch: typeof globalThis.fetch },
): () => Promise<string> {
  const { token_file: file, token_url: url } = sasl;
  if (file !== undefined) return () => readToken(file);
  let kept: { readonly token: string; readonly untilMs: number } | undefined;
  return async () => {
    if (kept === undefined || kept.untilMs <= now()) {
      const { token, lifeMs } = await askForToken({ ...sasl, token_url: url ?? '' }, fetch);
      kept = { token, untilMs: now() + lifeMs - SPARE_MS };
    }
    return kept.token;
  };
}

const ANSWER_MS = 10_000;
/** A login shall not begin with a token that expires on its way. */
const SPARE_MS = 30_000;
const DEFAULT_LIFE_SECONDS = 60;
const answerSchema = z.object({
  access_token: z.string().min(1),
  expires_in: z.coerce.number().positive().default(DEFAULT_LIFE_SECONDS),
});

async function readToken(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw refusal(`cannot read ${path}`, error);
  });
  const token = text.trim();
  if (token === '') throw refusal(`${path} is empty`);
  return token;
}

async function askForToken(
  { token_url: url, client_id: id, client_secret: secret, scope }: OauthBearer & { readonly token_url: string },
  fetch: typeof globalThis.fetch,
): Promise<{ readonly token: string; readonly lifeMs: number }> {
  const form = new URLSearchParams({ grant_type: 'client_credentials', ...(scope === undefined ? {} : { scope }) });
  // RFC 6749 section 2.3.1: both parts are form-encoded before they are joined.
  const basic = Buffer.from([id ?? '', secret ?? ''].map(encodeURIComponent).join(':')).toString('base64');
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { authorization: `Basic ${basic}`, accept: 'application/json' },
      body: form,
      redirect: 'error',
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    if (!response.ok) throw refusal(`${url} answered ${response.status}`);
    const answer = answerSchema.safeParse(await response.json());
    if (!answer.success) throw refusal(`${url} answered without an access_token`);
    return { token: answer.data.access_token, lifeMs: answer.data.expires_in * 1000 };
  } catch (error) {
    throw error instanceof AppError ? error : refusal(`${url} did not answer`, error);
  }
}

function refusal(what: string, cause?: unknown): AppError {
  return new AppError('E_KAFKA_TOKEN', `There is no token for the brokers of Kafka: ${what}.`, {
    retryable: true,
    cause,
  });
}
