import { Registry } from 'prom-client';
import { checkReceivers } from '../alerting/check-receivers.ts';
import { checkThresholds } from '../alerting/check-thresholds.ts';
import { runbookFault } from '../alerting/find-runbook.ts';
import { loadRules, type RuleSet } from '../alerting/load-rules.ts';
import { readRuleFiles } from '../alerting/read-rule-files.ts';
import { loadConfig } from '../config.ts';
import { systemClock } from '../core/clock.ts';
import { ConfigError, describeError } from '../core/errors.ts';
import { packageRoot } from '../package-info.ts';
import { storeSettings } from '../settings.ts';
import { openStore } from '../store/open-store.ts';
import { Telemetry } from '../telemetry/telemetry.ts';
import { createLogger } from './logger.ts';

/** Checks the configuration, the rules it names and the way to the database. Returns 1 when one of them fails. */
export async function runCheck(configFile: string | undefined): Promise<number> {
  const config = loadConfig(configFile);
  process.stdout.write(`ok  configuration: ${config.models.length} models\n`);
  const set = loadAll(await readRuleFiles(config.rules ?? [`${packageRoot}/alerts`]));
  const { rules, files } = set;
  checkThresholds(rules, config.models);
  checkReceivers(set, config.notify.webhooks);
  const folders = [`${packageRoot}/runbooks`];
  const faults = rules.flatMap((rule) => runbookFault(rule, { file: files.get(rule.alert) ?? '', folders }) ?? []);
  for (const fault of faults) process.stdout.write(`NO  rules: ${fault}\n`);
  if (faults.length > 0) return 1;
  process.stdout.write(`ok  rules: ${rules.length}\n`);
  try {
    const opened = await openStore({
      settings: storeSettings(config),
      attach: true,
      clock: systemClock,
      logger: createLogger('silent'),
      telemetry: new Telemetry(new Registry()),
    });
    await opened.close();
    process.stdout.write(`ok  database: ${config.clickhouse.url}\n`);
    return 0;
  } catch (error) {
    process.stdout.write(`NO  database: ${describeError(error)}\n`);
    return 1;
  }
}

/** Reads all rules; when some are wrong, says of each file what is wrong with it instead of the first only. */
function loadAll(sources: Parameters<typeof loadRules>[0]): RuleSet {
  const faults = sources.flatMap((source) => {
    try {
      loadRules([source], { mayLack: true });
      return [];
    } catch (error) {
      if (error instanceof ConfigError) return [error.message];
      throw error;
    }
  });
  if (faults.length > 0) throw new ConfigError(faults.join('\n'));
  return loadRules(sources);
}
