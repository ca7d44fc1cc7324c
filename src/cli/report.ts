import { writeFileSync } from 'node:fs';
import { loadConfig } from '../config.ts';
import { AppError, UsageError } from '../core/errors.ts';
import { createLogger } from './logger.ts';
import { linkService, problemDetail, type ServiceLink } from './service-link.ts';

/** Options of `plumbline report` as the command line gives them. */
export interface ReportOptions {
  readonly model: string;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  /** File for the page; stdout when absent. */
  readonly out?: string | undefined;
  readonly url?: string | undefined;
  readonly config?: string | undefined;
}

const LONGEST_MS = 600_000;

/**
 * Writes a self-contained page about a model: drift, performance, latency, GPU and business on one time axis.
 *
 * @returns  0
 * @throws E_USAGE for a model without predictions, a bad range or a file that cannot be written; E_UNREACHABLE, E_REFUSED
 */
export async function runReport(options: ReportOptions): Promise<number> {
  const link = await linkService({
    url: options.url,
    config: loadConfig(options.config),
    logger: createLogger('error'),
  });
  try {
    const page = await ask(link, options);
    if (options.out === undefined) process.stdout.write(page);
    else save(options.out, page);
    return 0;
  } finally {
    await link.close();
  }
}

async function ask(link: ServiceLink, { model, from, to }: ReportOptions): Promise<string> {
  const query = new URLSearchParams();
  if (from !== undefined) query.set('from', from);
  if (to !== undefined) query.set('to', to);
  const url = `${link.url}/v1/models/${encodeURIComponent(model)}/report?${query.toString()}`;
  const { status, text } = await fetchText(url, link.headers);
  if (status === 200) return text;
  const detail = problemDetail(text);
  throw status < 500 ? new UsageError(detail) : new AppError('E_REFUSED', detail);
}

async function fetchText(url: string, headers: ServiceLink['headers']) {
  try {
    const response = await fetch(url, { headers, signal: AbortSignal.timeout(LONGEST_MS) });
    return { status: response.status, text: await response.text() };
  } catch (error) {
    throw new AppError('E_UNREACHABLE', `${new URL(url).origin} does not answer`, { cause: error });
  }
}

function save(file: string, page: string): void {
  try {
    writeFileSync(file, page);
  } catch (error) {
    throw new UsageError(`${file} cannot be written`, { cause: error });
  }
}
