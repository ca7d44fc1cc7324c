import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { compareDrift, type Notices } from '../analysis/drift/compare.ts';
import { fileSource } from '../analysis/drift/file-source.ts';
import { PROFILE_IDS, type ProfileId } from '../analysis/drift/profiles/profile.ts';
import { renderHtml } from '../analysis/drift/render-html.ts';
import { renderTable } from '../analysis/drift/render-table.ts';
import type { DriftReport } from '../analysis/drift/report.ts';
import { DriftSession } from '../analysis/drift/session.ts';
import { WINDOW_UNITS, type WindowUnit } from '../analysis/drift/windows.ts';
import type { Clock } from '../core/clock.ts';
import { UsageError } from '../core/errors.ts';
import { type FeatureFloors, isAtLeast } from '../stats/levels.ts';
import type { Store } from '../store/store.ts';
import { onScratchEngine } from './scratch-engine.ts';

/** Options of `plumbline drift` over files, as the command line gives them. */
export interface DriftOptions {
  readonly reference: string;
  readonly current: string;
  readonly profile?: string | undefined;
  /** Shows beside what every other profile would have said. */
  readonly compareProfiles?: boolean | undefined;
  readonly window?: string | undefined;
  readonly format?: string | undefined;
  /** File for the report; stdout when absent. */
  readonly out?: string | undefined;
  readonly failOn?: string | undefined;
  /** Keeps only rows of this model or version, on both sides. */
  readonly model?: string | undefined;
  readonly version?: string | undefined;
  readonly segment?: string | undefined;
  /** Names of features that are categories, or numbers, whatever they look like. */
  readonly categorical?: readonly string[] | undefined;
  readonly numeric?: readonly string[] | undefined;
  /** False alarms a month that are acceptable; 1 when absent. */
  readonly budget?: number | undefined;
  /** Where levels start; the default floors when absent. */
  readonly floors?: FeatureFloors | undefined;
}

/** What the command needs from its surroundings. */
export interface DriftSurroundings {
  readonly logger: Logger;
  readonly clock: Clock;
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
}

const FORMATS = ['table', 'json', 'html'] as const;
/** An eighth of what the engine of its own may take. */
const FRAME_BYTES = 500_000_000;
const FAIL_ON = { drift: 'minor', warning: 'negligible' } as const;

/**
 * Compares two files on an engine started for this command alone, and prints the report.
 *
 * @returns  0, or 1 when `failOn` is reached
 * @throws UsageError  for bad options and unreadable files
 */
export async function runDrift(options: DriftOptions, surroundings: DriftSurroundings): Promise<number> {
  const profile = choose('--profile', options.profile ?? 'robust', PROFILE_IDS);
  const window = choose('--window', options.window ?? 'all', WINDOW_UNITS);
  const format = choose('--format', options.format ?? 'table', FORMATS);
  const failOn =
    options.failOn === undefined ? undefined : choose('--fail-on', options.failOn, ['drift', 'warning'] as const);
  const { report, notices } = await onScratchEngine(surroundings, (store, scratch) =>
    compare({ store, scratch, options, profile, window }),
  );
  for (const line of noticeLines(notices)) surroundings.stderr(`${line}\n`);
  printDrift(report, { format, out: options.out }, surroundings);
  return driftExitCode(report, failOn);
}

/** Writes a report in the wanted format to a file or to stdout. */
export function printDrift(
  report: DriftReport,
  options: { readonly format: (typeof FORMATS)[number]; readonly out: string | undefined },
  surroundings: Pick<DriftSurroundings, 'stdout'>,
): void {
  const text =
    options.format === 'json'
      ? `${JSON.stringify(report)}\n`
      : options.format === 'html'
        ? renderHtml(report)
        : renderTable(report);
  if (options.out === undefined) surroundings.stdout(text);
  else writeFileSync(options.out, text);
}

/** Returns 1 when a window reaches the level that `--fail-on` names, else 0. */
export function driftExitCode(report: DriftReport, failOn: keyof typeof FAIL_ON | undefined): 0 | 1 {
  if (failOn === undefined) return 0;
  return report.windows.some((window) => isAtLeast(window.level, FAIL_ON[failOn])) ? 1 : 0;
}

function choose<T extends string>(option: string, value: string, allowed: readonly T[]): T {
  const found = allowed.find((candidate) => candidate === value);
  if (found === undefined) throw new UsageError(`${option} must be one of ${allowed.join(', ')}; it is ${value}.`);
  return found;
}

async function compare(input: {
  readonly store: Store;
  readonly scratch: string;
  readonly options: DriftOptions;
  readonly profile: ProfileId;
  readonly window: WindowUnit;
}): Promise<{ readonly report: DriftReport; readonly notices: Notices }> {
  const { store, scratch, options, profile, window } = input;
  const filter = {
    ...(options.model === undefined ? {} : { model: options.model }),
    ...(options.version === undefined ? {} : { version: options.version }),
  };
  const side = (name: 'reference' | 'current', path: string) => {
    mkdirSync(join(scratch, name));
    return fileSource({ path, scratch: join(scratch, name) });
  };
  return compareDrift({
    session: new DriftSession(store),
    table: 'drift_rows',
    reference: side('reference', options.reference),
    current: side('current', options.current),
    referenceFilter: filter,
    currentFilter: filter,
    window,
    profile,
    beside: options.compareProfiles === true ? PROFILE_IDS.filter((id) => id !== profile) : [],
    overrides: { categorical: options.categorical ?? [], numeric: options.numeric ?? [] },
    budgetPerMonth: options.budget ?? 1,
    floors: options.floors,
    memoryBytes: FRAME_BYTES,
    ...(options.segment === undefined ? {} : { segment: options.segment }),
  });
}

function noticeLines(notices: Notices): readonly string[] {
  const lines = notices.skipped.flatMap(({ label, skipped }) =>
    skipped.count === 0
      ? []
      : [
          `${label}: ${skipped.count} lines skipped${skipped.firstLine === undefined ? '' : `, first at line ${skipped.firstLine}`}.`,
        ],
  );
  const { rowsWithoutTime } = notices;
  return rowsWithoutTime === 0
    ? lines
    : [...lines, `${rowsWithoutTime} current rows have no time and are in no window.`];
}
