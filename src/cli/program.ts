import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { AppError, ConfigError, describeError, UsageError } from '../core/errors.ts';
import { packageVersion } from '../package-info.ts';
import { RECORD_KINDS, type RecordKind } from '../store/ingest/unit.ts';
import { addJudge, addReference, addReport, type Done } from './service-commands.ts';

const EXIT = { fine: 0, no: 1, usage: 2, internal: 3 } as const;

/**
 * Runs a command line and returns the exit code: 0 fine, 1 the answer is no, 2 bad usage, configuration or input,
 * 3 internal or unreachable. Commands load their code when they run, so that `--help` is quick.
 */
export async function runProgram(argv: readonly string[]): Promise<number> {
  let code: number = EXIT.fine;
  const program = createProgram((result) => {
    code = result;
  });
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.fine : EXIT.usage;
    process.stderr.write(`plumbline: ${sentence(describeError(error))}\n`);
    return error instanceof ConfigError ||
      error instanceof UsageError ||
      (error instanceof AppError && error.code === 'E_USAGE')
      ? EXIT.usage
      : EXIT.internal;
  }
}

function createProgram(done: (code: number) => void): Command {
  const program = new Command('plumbline')
    .description('Tells that a model in production has gone wrong, why, and what to do.')
    .version(packageVersion)
    // Commands have a --version of their own, which means that of a model.
    .enablePositionalOptions()
    .exitOverride()
    .showHelpAfterError('(add --help for the options)');
  addService(program, done);
  addRecords(program, done);
  addDrift(program, done);
  addReport(program, done);
  addReference(program, done);
  addJudge(program, done);
  addBacktest(program, done);
  for (const command of program.commands) for (const each of [command, ...command.commands]) each.exitOverride();
  return program;
}

function addService(program: Command, done: Done): void {
  program
    .command('serve')
    .description('Runs the service. SIGTERM drains and exits 0.')
    .option('--config <file>', 'configuration; default plumbline.yaml when there is one')
    .option('--port <port>', 'port instead of the one configured', port)
    .addOption(
      new Option('--role <role>', 'what this process does')
        .choices(['all', 'collect', 'evaluate', 'api'])
        .default('all'),
    )
    .action(async (options: { config?: string; port?: number; role: 'all' | 'collect' | 'evaluate' | 'api' }) => {
      const { runServe } = await import('./serve.ts');
      done(await runServe({ config: options.config, role: options.role, port: options.port }));
    });
  program
    .command('demo')
    .description(
      'Replays six months of real US flights through a real model, with one simulated incident, and shows the pages.',
    )
    .option('--once', 'print the summary at the end and exit', false)
    .option('--port <port>', 'port of the pages', port, 8080)
    .option('--speed <n>', 'replayed minutes a second in the live hour', positive)
    .action(async (options: { once: boolean; port: number; speed?: number }) => {
      const { runDemoCommand } = await import('./demo.ts');
      done(await runDemoCommand(options));
    });
  program
    .command('migrate')
    .description('Brings the schema of the database up to date.')
    .option('--config <file>', 'configuration; default plumbline.yaml when there is one')
    .action(async (options: { config?: string }) => {
      const { runMigrate } = await import('./migrate.ts');
      done(await runMigrate(options.config));
    });
  program
    .command('check')
    .description('Checks configuration, rules and connections.')
    .option('--config <file>', 'configuration; default plumbline.yaml when there is one')
    .action(async (options: { config?: string }) => {
      const { runCheck } = await import('./check.ts');
      done(await runCheck(options.config));
    });
  program
    .command('generate')
    .description('Writes dashboards, Prometheus rules, JSON Schemas and documentation from their one definition.')
    .option('--check', 'change nothing; exit 1 when a committed file is stale', false)
    .option('--out <dir>', 'folder to write to; default the package itself')
    .addOption(
      new Option(
        '--push <url>',
        'write no files, but the dashboards into this Grafana; token in GRAFANA_TOKEN',
      ).conflicts(['check', 'out']),
    )
    .option('--token-file <file>', 'with --push: file with the token of the service account')
    .action(async (options: { check: boolean; out?: string; push?: string; tokenFile?: string }) => {
      const { push: url, tokenFile } = options;
      if (url !== undefined) {
        const { runPush } = await import('./push.ts');
        done(await runPush(tokenFile === undefined ? { url } : { url, tokenFile }));
        return;
      }
      const { runGenerate } = await import('./generate.ts');
      done(await runGenerate(options));
    });
}

function addBacktest(program: Command, done: Done): void {
  program
    .command('backtest')
    .description(
      'Replays rules over stored signals: what would have fired, and beside other rules what is gained and lost.',
    )
    .requiredOption('--rules <file...>', 'rule files or folders')
    .option('--against <file...>', 'rule files or folders to compare with')
    .requiredOption('--from <time>', 'first minute')
    .requiredOption('--to <time>', 'end, exclusive')
    .addOption(new Option('--format <format>', 'output').choices(['table', 'json']).default('table'))
    .addOption(
      new Option('--fail-on <what>', 'exit 1 when pages are gained, lost, or either').choices([
        'gained',
        'lost',
        'changed',
      ]),
    )
    .option('--config <file>', 'configuration; default plumbline.yaml when there is one')
    .action(
      async (options: {
        rules: string[];
        against?: string[];
        from: string;
        to: string;
        format: 'table' | 'json';
        failOn?: 'gained' | 'lost' | 'changed';
        config?: string;
      }) => {
        const { runBacktest } = await import('./backtest.ts');
        done(await runBacktest(options));
      },
    );
}

function addRecords(program: Command, done: Done): void {
  program
    .command('ingest')
    .description('Sends files of records: NDJSON, CSV or Parquet, plain or gzip; - is stdin.')
    .addOption(new Option('--type <type>', 'kind of the records').choices([...RECORD_KINDS]).makeOptionMandatory())
    .option('--model <model>', 'model of records that name none')
    .option('--version <version>', 'version of records that name none')
    .option('--url <url>', 'service to send to; default the one of the configuration, or one started for this')
    .option('--rejects <file>', 'write rejected lines to this file')
    .option('--config <file>', 'configuration; default plumbline.yaml when there is one')
    .argument('<file...>', 'files')
    .action(
      async (
        files: string[],
        options: {
          type: RecordKind;
          model?: string;
          version?: string;
          url?: string;
          rejects?: string;
          config?: string;
        },
      ) => {
        const { runIngest } = await import('./ingest.ts');
        const { type, model, version, url, rejects, config } = options;
        done(await runIngest({ type, model, version, url, rejects, config, files }));
      },
    );
}

function addDrift(program: Command, done: Done): void {
  program
    .command('drift')
    .description('Compares two files, or stored predictions of a model with its reference, without a server.')
    .option(
      '--reference <file>',
      'file of the reference: NDJSON, CSV, Parquet, Arrow, ORC or Avro, plain or compressed',
    )
    .option('--current <file>', 'file that is compared with it')
    .option('--model <model>', 'only this model; without files: its stored predictions')
    .option('--version <version>', 'only this version')
    .option('--from <time>', 'start of the stored predictions')
    .option('--to <time>', 'end of the stored predictions, exclusive')
    .option('--url <url>', 'running service to ask for stored predictions')
    .option('--config <file>', 'configuration: for files its floors of the model, else where the service is')
    .option('--profile <profile>', 'robust, textbook, evidently, nannyml, whylabs, scouter or deepchecks', 'robust')
    .option('--compare-profiles', 'show beside what every other profile would have said', false)
    .option('--window <window>', 'all, hour, day, week or month', 'all')
    .option('--segment <name>', 'the same by the values of this segment')
    .option('--categorical <name...>', 'features that are categories')
    .option('--numeric <name...>', 'features that are numbers')
    .option('--budget <n>', 'false alarms a month that are acceptable', positive)
    .option('--format <format>', 'table, json or html', 'table')
    .option('--out <file>', 'file to write to')
    .option('--fail-on <level>', 'exit 1 on drift (minor or above) or warning (negligible or above)')
    .action(
      async (
        options: Record<string, string> & {
          categorical?: string[];
          numeric?: string[];
          compareProfiles?: boolean;
          budget?: number;
        },
      ) => {
        const { runDriftCommand } = await import('./drift-command.ts');
        done(await runDriftCommand(options));
      },
    );
}

function port(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 0 && value <= 65_535) return value;
  throw new InvalidArgumentError('It must be a port from 0 to 65535.');
}

function positive(text: string): number {
  const value = Number(text);
  if (value > 0) return value;
  throw new InvalidArgumentError('It must be a number above 0.');
}

function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
