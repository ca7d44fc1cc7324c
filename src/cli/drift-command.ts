import type { DriftReport } from '../analysis/drift/report.ts';
import { systemClock } from '../core/clock.ts';
import { AppError, UsageError } from '../core/errors.ts';
import type { FeatureFloors } from '../stats/levels.ts';
import { driftExitCode, printDrift, runDrift } from './drift.ts';
import { createLogger } from './logger.ts';

/** Options of `plumbline drift` as the command line gives them. */
export interface DriftCommandOptions {
  readonly reference?: string;
  readonly current?: string;
  readonly model?: string;
  readonly version?: string;
  readonly from?: string;
  readonly to?: string;
  readonly url?: string;
  readonly config?: string;
  readonly profile?: string;
  readonly compareProfiles?: boolean;
  readonly window?: string;
  readonly segment?: string;
  readonly categorical?: readonly string[];
  readonly numeric?: readonly string[];
  readonly budget?: number;
  readonly format?: string;
  readonly out?: string;
  readonly failOn?: string;
}

const SURROUNDINGS = {
  logger: createLogger('error'),
  clock: systemClock,
  stdout: (text: string) => void process.stdout.write(text),
  stderr: (text: string) => void process.stderr.write(text),
};

/**
 * Compares two files, or stored predictions with the reference of their model. Returns the exit code.
 *
 * Code of the service is loaded only where it is needed: it takes longer to load than small files to compare.
 */
export async function runDriftCommand(options: DriftCommandOptions): Promise<number> {
  const { reference, current, model, from, to } = options;
  if (reference !== undefined && current !== undefined) {
    const floors = options.config === undefined ? undefined : await readFloors(options.config, model);
    return runDrift({ ...options, reference, current, floors }, SURROUNDINGS);
  }
  if (reference !== undefined || current !== undefined)
    throw new UsageError('Comparing files needs both --reference and --current.');
  if (model === undefined || from === undefined || to === undefined) {
    throw new UsageError(
      'Give --reference and --current files, or --model with --from and --to for stored predictions.',
    );
  }
  return driftOfStored({ ...options, model, from, to });
}

/** The floors that a configuration gives a model; without a name those of the only model it has. */
async function readFloors(file: string, name: string | undefined): Promise<FeatureFloors | undefined> {
  const { loadConfig } = await import('../config.ts');
  const { featureFloors } = await import('../config/floors.ts');
  const config = loadConfig(file);
  const model =
    config.models.find((entry) => entry.name === name) ?? (name === undefined ? config.models[0] : undefined);
  if (model === undefined || (name === undefined && config.models.length > 1)) {
    throw new UsageError('--config must have the model that --model names, or one model only.');
  }
  return featureFloors(model);
}

async function driftOfStored(
  options: DriftCommandOptions & { readonly model: string; readonly from: string; readonly to: string },
): Promise<number> {
  const format = oneOf('--format', options.format ?? 'table', ['table', 'json', 'html'] as const);
  const failOn =
    options.failOn === undefined ? undefined : oneOf('--fail-on', options.failOn, ['drift', 'warning'] as const);
  const { loadConfig } = await import('../config.ts');
  const { linkService } = await import('./service-link.ts');
  const link = await linkService({ url: options.url, config: loadConfig(options.config), logger: SURROUNDINGS.logger });
  try {
    const query = new URLSearchParams({
      from: options.from,
      to: options.to,
      window: options.window ?? 'all',
      profile: options.profile ?? 'robust',
    });
    if (options.version !== undefined) query.set('version', options.version);
    if (options.segment !== undefined) query.set('segment', options.segment);
    if (options.budget !== undefined) query.set('budget', String(options.budget));
    if (options.compareProfiles === true) query.set('compare_profiles', 'true');
    for (const name of options.categorical ?? []) query.append('categorical', name);
    for (const name of options.numeric ?? []) query.append('numeric', name);
    const report = await ask(
      `${link.url}/v1/models/${encodeURIComponent(options.model)}/drift?${query.toString()}`,
      link.headers,
    );
    printDrift(report, { format, out: options.out }, SURROUNDINGS);
    return driftExitCode(report, failOn);
  } finally {
    await link.close();
  }
}

async function ask(url: string, headers: Readonly<Record<string, string>>): Promise<DriftReport> {
  let response: Response;
  try {
    response = await fetch(url, { headers, signal: AbortSignal.timeout(600_000) });
  } catch (error) {
    throw new AppError('E_UNREACHABLE', `${new URL(url).origin} does not answer`, { cause: error });
  }
  const body: unknown = await response.json();
  if (response.ok && isReport(body)) return body;
  const detail =
    typeof body === 'object' && body !== null && 'detail' in body
      ? String(body.detail)
      : `The service answered ${response.status}.`;
  throw response.status < 500 ? new UsageError(detail) : new AppError('E_REFUSED', detail);
}

function isReport(body: unknown): body is DriftReport {
  return (
    typeof body === 'object' && body !== null && 'profile' in body && 'windows' in body && Array.isArray(body.windows)
  );
}

function oneOf<T extends string>(option: string, value: string, allowed: readonly T[]): T {
  const found = allowed.find((candidate) => candidate === value);
  if (found === undefined) throw new UsageError(`${option} must be one of ${allowed.join(', ')}; it is ${value}.`);
  return found;
}
