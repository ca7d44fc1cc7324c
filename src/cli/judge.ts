import { z } from 'zod';
import { loadConfig } from '../config.ts';
import { AppError, UsageError } from '../core/errors.ts';
import { createLogger } from './logger.ts';
import { linkService, problemDetail } from './service-link.ts';

/** Options of `plumbline judge` as the command line gives them. */
export interface JudgeOptions {
  readonly model: string;
  readonly baseline: string;
  readonly canary: string;
  /** A duration such as 30m. */
  readonly window: string;
  /** End of the window; default the time of the service. */
  readonly to?: string | undefined;
  readonly sequential?: boolean | undefined;
  readonly format: 'json' | 'table';
  readonly url?: string | undefined;
  readonly config?: string | undefined;
}

const reportSchema = z.looseObject({
  verdict: z.enum(['pass', 'fail', 'inconclusive']),
  score: z.number().nullable(),
  samples: z.number(),
  window: z.object({ from: z.string(), to: z.string() }),
  metrics: z.array(
    z.looseObject({ metric: z.string(), classification: z.string(), critical: z.boolean(), reason: z.string() }),
  ),
  reasons: z.array(z.string()),
});

const LONGEST_MS = 600_000;

/**
 * Judges a canary version through the service and prints the verdict with its numbers.
 *
 * @returns  0 for `pass`, 1 for `fail` and `inconclusive`: a pipeline goes on with a clear yes only
 * @throws E_USAGE for a wrong option, E_UNREACHABLE, E_REFUSED
 */
export async function runJudge(options: JudgeOptions): Promise<number> {
  const { model, baseline, canary, window, to, sequential = false } = options;
  const link = await linkService({
    url: options.url,
    config: loadConfig(options.config),
    logger: createLogger('error'),
  });
  try {
    const body = { model, baseline, canary, window, sequential, ...(to === undefined ? {} : { to }) };
    const report = reportSchema.parse(await ask(link, body));
    process.stdout.write(options.format === 'json' ? `${JSON.stringify(report, undefined, 2)}\n` : toTable(report));
    return report.verdict === 'pass' ? 0 : 1;
  } finally {
    await link.close();
  }
}

async function ask(
  link: { readonly url: string; readonly headers: Readonly<Record<string, string>> },
  body: Readonly<Record<string, unknown>>,
): Promise<unknown> {
  let response: Response;
  try {
    response = await fetch(`${link.url}/v1/judge`, {
      method: 'POST',
      headers: { ...link.headers, 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(LONGEST_MS),
    });
  } catch (error) {
    throw new AppError('E_UNREACHABLE', `${link.url} does not answer`, { cause: error });
  }
  const text = await response.text();
  if (response.ok) return JSON.parse(text);
  throw response.status < 500
    ? new UsageError(problemDetail(text))
    : new AppError('E_REFUSED', `${link.url} answered ${response.status}: ${problemDetail(text)}`);
}

function toTable(report: z.infer<typeof reportSchema>): string {
  const score = report.score === null ? 'no score' : `score ${report.score.toFixed(0)} of 100`;
  const head = `${report.verdict}: ${score}, ${report.samples} predictions from ${report.window.from} to ${report.window.to}`;
  const rows = report.metrics.map(
    ({ metric, classification, critical, reason }) =>
      `  ${metric.padEnd(14)}${classification.padEnd(10)}${critical ? 'critical  ' : '          '}${reason}`,
  );
  return `${[head, ...rows].join('\n')}\n`;
}
