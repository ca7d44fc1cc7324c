import { Registry } from 'prom-client';
import { createAlertStore, type SignalReader } from '../alerting/alert-store.ts';
import { backtest, type BacktestPage, comparePages, type PageComparison } from '../alerting/backtest.ts';
import { loadRules } from '../alerting/load-rules.ts';
import { readRuleFiles } from '../alerting/read-rule-files.ts';
import type { Rule } from '../alerting/rule.ts';
import { loadConfig } from '../config.ts';
import type { Config } from '../config/schema.ts';
import { systemClock } from '../core/clock.ts';
import { UsageError } from '../core/errors.ts';
import { packageRoot } from '../package-info.ts';
import { storeSettings } from '../settings.ts';
import { openStore } from '../store/open-store.ts';
import { Telemetry } from '../telemetry/telemetry.ts';
import { type BacktestReport, backtestJson, backtestTable } from './backtest-report.ts';
import { createLogger } from './logger.ts';

export interface BacktestOptions {
  readonly rules: readonly string[];
  readonly against?: readonly string[] | undefined;
  readonly from: string;
  readonly to: string;
  readonly format: 'table' | 'json';
  readonly failOn?: 'gained' | 'lost' | 'changed' | undefined;
  readonly config?: string | undefined;
}

const MINUTE_MS = 60_000;

/**
 * Replays rules over the signals that are stored and prints what would have fired; beside another set of rules also
 * what was gained and lost. Returns 1 when `failOn` says so, else 0.
 *
 * @throws E_USAGE for times that are none or without signals, E_CONFIG for a wrong rule
 */
export async function runBacktest(options: BacktestOptions): Promise<number> {
  const range = { fromMs: minuteOf('--from', options.from), toMs: minuteOf('--to', options.to) };
  if (range.toMs <= range.fromMs) throw new UsageError('--to must be later than --from.');
  if (options.failOn !== undefined && options.against === undefined) {
    throw new UsageError('--fail-on compares two sets of rules: give --against too.');
  }
  const config = loadConfig(options.config);
  const sets = [await ruleSet(options.rules, config)];
  if (options.against !== undefined) sets.push(await ruleSet(options.against, config));
  const [pages = [], against] = await replay(sets, range, config);
  const comparison = against === undefined ? undefined : comparePages(pages, against);
  const report: BacktestReport = { ...range, pages, against, comparison };
  process.stdout.write(options.format === 'json' ? backtestJson(report) : backtestTable(report));
  return isFailure(options.failOn, comparison) ? 1 : 0;
}

function isFailure(failOn: BacktestOptions['failOn'], comparison: PageComparison | undefined): boolean {
  if (failOn === undefined || comparison === undefined) return false;
  const { gained, lost } = comparison;
  const counted = { gained: gained.length, lost: lost.length, changed: gained.length + lost.length };
  return counted[failOn] > 0;
}

interface ReplayedRules {
  readonly rules: readonly Rule[];
  readonly report: ReadonlySet<string>;
}

/** Rules that the given ones name in `unless` come from the configuration, so that a rule can be tried alone. */
async function ruleSet(paths: readonly string[], config: Config): Promise<ReplayedRules> {
  const given = await readRuleFiles(paths);
  const alone = given.map((file) => loadRules([file], { mayLack: true }).rules).flat();
  const report = new Set(alone.map(({ alert }) => alert));
  const helpers = (await readRuleFiles(config.rules ?? [`${packageRoot}/alerts`])).filter(
    (file) => !loadRules([file], { mayLack: true }).rules.some(({ alert }) => report.has(alert)),
  );
  const needsHelp = alone.some(({ unless }) => unless.some((alert) => !report.has(alert)));
  const { rules } = loadRules(needsHelp ? [...given, ...helpers] : given);
  const needed = new Set(report);
  for (const rule of rules.toReversed()) {
    if (needed.has(rule.alert)) for (const alert of rule.unless) needed.add(alert);
  }
  return { rules: rules.filter(({ alert }) => needed.has(alert)), report };
}

async function replay(
  sets: readonly ReplayedRules[],
  range: { readonly fromMs: number; readonly toMs: number },
  config: Config,
): Promise<readonly (readonly BacktestPage[])[]> {
  const opened = await openStore({
    settings: storeSettings(config),
    attach: true,
    clock: systemClock,
    logger: createLogger('silent'),
    telemetry: new Telemetry(new Registry()),
  });
  try {
    const alertStore = createAlertStore({ store: opened.store, clock: systemClock });
    const threshold = (model: string, alert: string, signal: string): number | undefined =>
      config.models.find((entry) => entry.name === model)?.rules?.[alert]?.[signal];
    let isStored = false;
    const reader: SignalReader = {
      readSeries: async (part) => {
        const series = await alertStore.readSeries(part);
        isStored ||= series.length > 0;
        return series;
      },
      readPeaks: (part) => alertStore.readPeaks(part),
    };
    const results: (readonly BacktestPage[])[] = [];
    for (const set of sets) results.push(await backtest({ ...set, ...range, store: reader, threshold }));
    // No page for want of data must not look like no page.
    if (!isStored) {
      throw new UsageError('None of the signals that the rules read is stored between --from and --to.');
    }
    return results;
  } finally {
    await opened.close();
  }
}

function minuteOf(name: string, text: string): number {
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) throw new UsageError(`${name} must be a time such as 2026-05-01T10:00:00Z, not ${text}.`);
  return Math.floor(ms / MINUTE_MS) * MINUTE_MS;
}
