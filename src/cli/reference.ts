import { existsSync } from 'node:fs';
import { z } from 'zod';
import { loadConfig } from '../config.ts';
import { AppError, UsageError } from '../core/errors.ts';
import { parseDuration } from '../core/duration.ts';
import { createLogger } from './logger.ts';
import { sendReferenceFile } from './reference-file.ts';
import { linkService, problemDetail, type ServiceLink } from './service-link.ts';

export interface ReferenceOptions {
  readonly config: string | undefined;
  readonly url: string | undefined;
  readonly kind?: string | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly window?: string | undefined;
  readonly weeks?: string | undefined;
  readonly baseline?: string | undefined;
  readonly file?: string | undefined;
}

const answerSchema = z.looseObject({
  model: z.string(),
  reference_version: z.number(),
  kind: z.string(),
  from: z.string().nullable(),
  to: z.string().nullable(),
  rows: z.number(),
  created: z.string(),
});

/** Puts a new reference of a model in force and prints it as JSON. */
export async function setReference(model: string, options: ReferenceOptions): Promise<number> {
  const { file } = options;
  if (
    file !== undefined &&
    (options.from ?? options.to ?? options.window ?? options.weeks ?? options.baseline) !== undefined
  )
    throw new UsageError(
      '--file says the whole reference; give no --from, --to, --window, --weeks or --baseline with it.',
    );
  if (file !== undefined && !existsSync(file)) throw new UsageError(`${file} does not exist.`);
  const body = file === undefined ? specOf(options) : undefined;
  return withService(options, async (link) => {
    const answer = answerSchema.parse(
      file === undefined
        ? await call(link, 'POST', `/v1/models/${encodeURIComponent(model)}/references`, body)
        : await sendReferenceFile({ link, model, file, stderr: (text) => void process.stderr.write(text) }),
    );
    process.stdout.write(`${JSON.stringify(answer)}\n`);
    return 0;
  });
}

/** Prints the newest reference of every model, or of the one named, one JSON object a line. */
export async function listReferences(model: string | undefined, options: ReferenceOptions): Promise<number> {
  return withService(options, async (link) => {
    const answers = z.array(answerSchema).parse(await call(link, 'GET', '/v1/references'));
    for (const answer of answers.filter((one) => model === undefined || one.model === model))
      process.stdout.write(`${JSON.stringify(answer)}\n`);
    return 0;
  });
}

/** Prints all references of one model, newest first. Returns 1 when there are none. */
export async function showReferences(model: string, options: ReferenceOptions): Promise<number> {
  return withService(options, async (link) => {
    const answers = z
      .array(answerSchema)
      .parse(await call(link, 'GET', `/v1/models/${encodeURIComponent(model)}/references`));
    for (const answer of answers) process.stdout.write(`${JSON.stringify(answer)}\n`);
    return answers.length > 0 ? 0 : 1;
  });
}

function specOf(options: ReferenceOptions): Readonly<Record<string, unknown>> {
  const kind = options.kind ?? 'fixed';
  switch (kind) {
    case 'fixed': {
      if (options.from === undefined || options.to === undefined)
        throw new UsageError('A fixed reference needs --from and --to.');
      return { kind, from: instant('--from', options.from), to: instant('--to', options.to) };
    }
    case 'trailing': {
      const windowMs = parseDuration(options.window ?? '7d');
      if (windowMs === undefined) throw new UsageError('--window must be a duration such as 7d.');
      return { kind, window_seconds: windowMs / 1000 };
    }
    case 'previous':
      return { kind };
    case 'same-hour-last-week':
      return { kind, weeks: Number(options.weeks ?? 4) };
    case 'version': {
      if (options.baseline === undefined) throw new UsageError('A version reference needs --baseline VERSION.');
      return { kind, version: options.baseline };
    }
    default:
      throw new UsageError(
        `--kind ${kind} is not known; use fixed, trailing, previous, same-hour-last-week or version.`,
      );
  }
}

function instant(name: string, text: string): string {
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) throw new UsageError(`${name} must be an RFC 3339 time such as 2026-05-01T00:00:00Z.`);
  return new Date(ms).toISOString();
}

async function withService(options: ReferenceOptions, action: (link: ServiceLink) => Promise<number>): Promise<number> {
  const link = await linkService({
    url: options.url,
    config: loadConfig(options.config),
    logger: createLogger('error'),
  });
  try {
    return await action(link);
  } finally {
    await link.close();
  }
}

async function call(link: ServiceLink, method: string, path: string, body?: unknown): Promise<unknown> {
  let response: Response;
  try {
    response = await fetch(`${link.url}${path}`, {
      method,
      headers: { ...link.headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(600_000),
    });
  } catch (error) {
    throw new AppError('E_UNREACHABLE', `${link.url} does not answer`, { cause: error });
  }
  const text = await response.text();
  if (response.ok) return JSON.parse(text);
  const sentence = `${link.url} answered ${response.status}: ${problemDetail(text)}`;
  throw response.status < 500 ? new UsageError(problemDetail(text)) : new AppError('E_REFUSED', sentence);
}
