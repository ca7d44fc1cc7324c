import { type Command, Option } from 'commander';
import type { JudgeOptions } from './judge.ts';

/** Told the exit code of the command that ran. */
export type Done = (code: number) => void;

/** Adds `report`: a page about a model. */
export function addReport(program: Command, done: Done): void {
  program
    .command('report')
    .description('Writes a self-contained page: drift, performance, latency, GPU and business on one time axis.')
    .requiredOption('--model <model>', 'model')
    .option('--from <time>', 'start; default its first prediction')
    .option('--to <time>', 'end, exclusive; default its last prediction')
    .option('--out <file>', 'file to write to; default stdout')
    .option('--url <url>', 'running service; default the one of the configuration, or one started for this')
    .option('--config <file>', 'configuration; default plumbline.yaml when there is one')
    .action(
      async (options: { model: string; from?: string; to?: string; out?: string; url?: string; config?: string }) => {
        const { runReport } = await import('./report.ts');
        done(await runReport(options));
      },
    );
}

/** Adds `reference`: what models are compared with. */
export function addReference(program: Command, done: Done): void {
  const reference = program.command('reference').description('What models are compared with.');
  const common = (command: Command): Command =>
    command
      .option('--url <url>', 'running service')
      .option('--config <file>', 'configuration; default plumbline.yaml when there is one');
  common(reference.command('set <model>'))
    .description('Puts a new reference in force; the old one stays as an older version.')
    .addOption(
      new Option('--kind <kind>', 'kind')
        .choices(['fixed', 'trailing', 'previous', 'same-hour-last-week', 'version'])
        .default('fixed'),
    )
    .option('--file <file>', 'rows of a file: NDJSON, CSV, Parquet, Arrow, ORC or Avro, plain or compressed')
    .option('--from <time>', 'start of a fixed reference')
    .option('--to <time>', 'end of a fixed reference, exclusive')
    .option('--window <duration>', 'length of a trailing reference')
    .option('--weeks <n>', 'weeks of a same-hour-last-week reference')
    .option('--baseline <version>', 'version that a version reference compares with')
    .action(async (model: string, options: Record<string, string>) => {
      const { setReference } = await import('./reference.ts');
      done(await setReference(model, referenceOptions(options)));
    });
  common(reference.command('list [model]'))
    .description('Lists the newest reference of every model, or of one.')
    .action(async (model: string | undefined, options: Record<string, string>) => {
      const { listReferences } = await import('./reference.ts');
      done(await listReferences(model, referenceOptions(options)));
    });
  common(reference.command('show <model>'))
    .description('Lists the references of one model, newest first.')
    .action(async (model: string, options: Record<string, string>) => {
      const { showReferences } = await import('./reference.ts');
      done(await showReferences(model, referenceOptions(options)));
    });
}

/** Adds `judge`: whether a canary version may go on. */
export function addJudge(program: Command, done: Done): void {
  program
    .command('judge')
    .description('Judges a canary version against a baseline; exits 1 unless it passes.')
    .requiredOption('--model <model>', 'model')
    .requiredOption('--baseline <version>', 'version to compare with')
    .requiredOption('--canary <version>', 'version to judge')
    .option('--window <duration>', 'how far back', '30m')
    .option('--to <time>', 'end of the window; default now')
    .option('--sequential', 'tests that stay valid however often one asks; passes only a whole window')
    .addOption(new Option('--format <format>', 'output').choices(['json', 'table']).default('json'))
    .option('--url <url>', 'running service; default the one of the configuration, or one started for this')
    .option('--config <file>', 'configuration; default plumbline.yaml when there is one')
    .action(async (options: JudgeOptions) => {
      const { runJudge } = await import('./judge.ts');
      done(await runJudge(options));
    });
}

function referenceOptions(options: Readonly<Record<string, string>>) {
  const { kind, from, to, window, weeks, baseline, file, url, config } = options;
  return { kind, from, to, window, weeks, baseline, file, url, config };
}
