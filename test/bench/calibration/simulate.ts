import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { type Case, type CaseResult, casesOf, type Part } from './cases.ts';
import type { Scale } from './scenarios.ts';

/** Which cases to run, from which seed, in how many processes. */
export type CasePlan = {
  readonly part: Part;
  readonly scale: Scale;
  readonly seed: number;
  readonly jobs: number;
};

/** Result of a case and the seconds it took. */
export type TimedResult = { readonly found: CaseResult; readonly seconds: number };

/**
 * Runs the cases and reports each as soon as it is done; the results do not depend on how many processes share them.
 *
 * @throws when a process ends early.
 */
export async function simulate(plan: CasePlan, report: (result: TimedResult) => void): Promise<readonly CaseResult[]> {
  const cases = casesOf(plan.part, plan.scale);
  const results: CaseResult[] = [];
  const done = (index: number, result: TimedResult): void => {
    results[index] = result.found;
    report(result);
  };
  if (plan.jobs === 1) {
    for (const [index, job] of cases.entries()) done(index, runCase(job, plan.seed));
    return results;
  }
  let next = 0;
  const take = (): number | undefined => (next < cases.length ? next++ : undefined);
  await Promise.all(Array.from({ length: Math.min(plan.jobs, cases.length) }, () => runProcess(plan, { take, done })));
  return results;
}

/** Runs one case. */
export function runCase(job: Case, seed: number): TimedResult {
  const started = performance.now();
  const found = job(seed);
  return { found, seconds: Math.round((performance.now() - started) / 10) / 100 };
}

/** What a process of `case-process.ts` answers. */
export type CaseAnswer = { readonly index: number; readonly result: TimedResult };

type Work = {
  readonly take: () => number | undefined;
  readonly done: (index: number, result: TimedResult) => void;
};

async function runProcess({ part, scale, seed }: CasePlan, { take, done }: Work): Promise<void> {
  // Infinity stands for never, which JSON cannot say.
  const child = fork(new URL('case-process.ts', import.meta.url), [part, scale, String(seed)], {
    serialization: 'advanced',
  });
  child.on('message', ({ index, result }: CaseAnswer) => {
    done(index, result);
    give(child, take());
  });
  give(child, take());
  const [code]: unknown[] = await once(child, 'exit');
  if (code !== 0) throw new Error(`A process of the calibration ended with ${String(code)}.`);
}

function give(child: ChildProcess, index: number | undefined): void {
  if (index === undefined) child.disconnect();
  else child.send(index);
}
