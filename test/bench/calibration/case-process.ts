import { casesOf } from './cases.ts';
import { type CaseAnswer, runCase } from './simulate.ts';

// One of the processes that share the cases: is told the index of a case, answers its result, until the parent leaves.
const [part, scale, seed] = process.argv.slice(2);
if ((part !== 'all' && part !== 'hours' && part !== 'minute') || (scale !== 'quick' && scale !== 'full')) {
  throw new RangeError(`There is no part ${part} at scale ${scale}.`);
}
const cases = casesOf(part, scale);
process.on('message', (index) => {
  const job = cases[Number(index)];
  if (job === undefined) throw new RangeError(`There is no case ${String(index)}.`);
  const answer: CaseAnswer = { index: Number(index), result: runCase(job, Number(seed)) };
  process.send?.(answer);
});
