import { type MinuteFault, minuteFaultCases, type MinuteQuiet, minuteQuietCases } from './minute-run.ts';
import { type QuietCase, type QuietResult, runQuiet } from './quiet-run.ts';
import { createUniform } from './random.ts';
import { dailyCases, hardCases, quietCases, quietDailyCases, type Scale, shiftCases } from './scenarios.ts';
import { runShift, type ShiftCase, type ShiftResult } from './shift-run.ts';

/** What one case found. */
export type CaseResult =
  | { readonly part: 'no_drift' | 'no_drift_24h'; readonly result: QuietResult }
  | {
      readonly part: 'detection' | 'harder' | 'detection_24h';
      readonly windows: number;
      readonly result: ShiftResult;
    }
  | { readonly part: 'minute_calm'; readonly result: MinuteQuiet }
  | { readonly part: 'minute_faults'; readonly result: MinuteFault };

/** One case; it needs no other and draws its random numbers from a stream of its own name. */
export type Case = (seed: number) => CaseResult;

/** Which cases to run. */
export type Part = 'all' | 'hours' | 'minute';

/** Lists the cases of a part, those of the hourly windows first. */
export function casesOf(part: Part, scale: Scale): readonly Case[] {
  const hours = (): readonly Case[] => [
    ...quietCases(scale).map((job) => quiet('no_drift', job)),
    ...shiftCases(scale).map((job) => shifted('detection', job)),
    ...hardCases(scale).map((job) => shifted('harder', job)),
    ...quietDailyCases(scale).map((job) => quiet('no_drift_24h', job)),
    ...dailyCases(scale).map((job) => shifted('detection_24h', job)),
  ];
  const minutes = (): readonly Case[] => [
    ...minuteQuietCases(scale).map(
      ({ name, run }): Case =>
        (seed) => ({ part: 'minute_calm', result: run(createUniform(seed, name)) }),
    ),
    ...minuteFaultCases(scale).map(
      ({ name, run }): Case =>
        (seed) => ({ part: 'minute_faults', result: run(createUniform(seed, name)) }),
    ),
  ];
  return [...(part === 'minute' ? [] : hours()), ...(part === 'hours' ? [] : minutes())];
}

function quiet(part: 'no_drift' | 'no_drift_24h', job: QuietCase): Case {
  return (seed) => ({ part, result: runQuiet(job, createUniform(seed, `${part}/${job.name}/${job.plan.rows}`)) });
}

function shifted(part: 'detection' | 'harder' | 'detection_24h', job: ShiftCase): Case {
  return (seed) => ({
    part,
    windows: job.windows,
    result: runShift(job, createUniform(seed, `${part}/${job.name}/${job.plan.rows}`)),
  });
}
