import { z } from 'zod';
import { AppError, describeError } from '../../core/errors.ts';
import type { MlflowRegistryConfig } from './config.ts';

export type Fetch = typeof globalThis.fetch;

/** The registry did not answer as it should. */
export class RegistryFault extends AppError {
  constructor(message: string) {
    super('E_REGISTRY', message, { retryable: true });
  }
}

export interface ModelVersion {
  readonly version: string;
  /** When it was registered, in milliseconds since 1970. */
  readonly createdMs: number;
  /** The run that made it; undefined when the registry knows none. */
  readonly runId: string | undefined;
}

const LARGEST_ANSWER_BYTES = 4 * 1024 * 1024;

/** MLflow writes 64-bit numbers as numbers or as text. */
const epochMs = z.union([
  z.number(),
  z
    .string()
    .regex(/^\d{1,16}$/)
    .transform(Number),
]);
const versionSchema = z.object({
  model_version: z.object({
    version: z.union([z.string(), z.number().transform(String)]),
    creation_timestamp: epochMs,
    run_id: z.string().nullish(),
  }),
});
const runSchema = z.object({ run: z.object({ info: z.object({ end_time: epochMs.nullish() }) }) });
const errorSchema = z.object({ error_code: z.string(), message: z.string().default('') });

/** Asks an MLflow tracking server. Every method throws RegistryFault when it does not answer as documented. */
export class MlflowClient {
  readonly #config: MlflowRegistryConfig;
  readonly #fetch: Fetch;
  readonly #signal: AbortSignal;

  constructor(options: { readonly config: MlflowRegistryConfig; readonly fetch: Fetch; readonly signal: AbortSignal }) {
    this.#config = options.config;
    this.#fetch = options.fetch;
    this.#signal = options.signal;
  }

  /** Returns a version of a registered model, or undefined when there is none of that name. */
  async version(name: string, version: string): Promise<ModelVersion | undefined> {
    // MLflow knows versions that are numbers only.
    if (!/^\d{1,18}$/.test(version)) return undefined;
    return toVersion(await this.#get('model-versions/get', { name, version }, versionSchema));
  }

  /** Returns the version that an alias names, or undefined when there is no such alias. */
  async alias(name: string, alias: string): Promise<ModelVersion | undefined> {
    return toVersion(await this.#get('registered-models/alias', { name, alias }, versionSchema));
  }

  /** Returns when a run ended, in milliseconds since 1970; undefined when it has not, or is gone. */
  async endOfRun(runId: string): Promise<number | undefined> {
    const answer = await this.#get('runs/get', { run_id: runId }, runSchema);
    const end = answer?.run.info.end_time;
    return end === undefined || end === null || end <= 0 ? undefined : end;
  }

  /** Returns undefined when the thing asked for does not exist. */
  async #get<T>(path: string, query: Readonly<Record<string, string>>, schema: z.ZodType<T>): Promise<T | undefined> {
    const url = `${this.#config.url.replace(/\/+$/, '')}/api/2.0/mlflow/${path}?${new URLSearchParams(query).toString()}`;
    let status: number;
    let text: string;
    try {
      const response = await this.#fetch(url, {
        headers: { accept: 'application/json', ...this.#authorization() },
        redirect: 'manual',
        signal: AbortSignal.any([this.#signal, AbortSignal.timeout(this.#config.timeout)]),
      });
      ({ status } = response);
      text = await readText(response);
    } catch (error) {
      if (error instanceof RegistryFault) throw error;
      throw new RegistryFault(`MLflow did not answer ${path} (${describeError(error)}).`);
    }
    const json = parseJson(text);
    const answer = schema.safeParse(json);
    if (status === 200 && answer.success) return answer.data;
    const told = errorSchema.safeParse(json);
    if (told.success && told.data.error_code === 'RESOURCE_DOES_NOT_EXIST') return undefined;
    const why = told.success ? `${told.data.error_code} ${told.data.message}`.slice(0, 300) : 'not as documented';
    throw new RegistryFault(`MLflow answered ${path} with HTTP status ${status}: ${why}.`);
  }

  #authorization(): Readonly<Record<string, string>> {
    const { token, username, password = '' } = this.#config;
    if (token !== undefined) return { authorization: `Bearer ${token}` };
    if (username === undefined) return {};
    return { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` };
  }
}

function toVersion(answer: z.infer<typeof versionSchema> | undefined): ModelVersion | undefined {
  if (answer === undefined) return undefined;
  const { version, creation_timestamp: createdMs, run_id: runId } = answer.model_version;
  return { version, createdMs, runId: runId === null || runId === '' ? undefined : runId };
}

async function readText(response: Response): Promise<string> {
  if (response.body === null) return '';
  const parts: Uint8Array[] = [];
  let bytes = 0;
  // Leaving the loop early cancels the body and closes the connection.
  for await (const chunk of response.body) {
    bytes += chunk.byteLength;
    if (bytes > LARGEST_ANSWER_BYTES) throw new RegistryFault('The answer of MLflow is too large.');
    parts.push(chunk);
  }
  return Buffer.concat(parts).toString('utf8');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
