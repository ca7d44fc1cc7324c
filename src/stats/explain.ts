import type { Evidence, PooledBins } from './evidence.ts';
import type { Floors, Level } from './levels.ts';

/** Something that weakens a verdict. */
export type Warning = 'no_windows' | 'few_windows' | 'blind';

/** One bin that moved, with its shares and its part of PSI. */
export type TopBin = {
  readonly label: string;
  readonly shareReference: number;
  readonly shareCurrent: number;
  readonly contribution: number;
};

/** Returns what weakens a verdict: no or few reference windows, or a detector that cannot see a moderate shift. */
export function warningsOf(input: { readonly windows: number; readonly mde: number }): readonly Warning[] {
  const warnings: Warning[] = [];
  if (input.windows === 0) warnings.push('no_windows');
  else if (input.windows < FEW_WINDOWS) warnings.push('few_windows');
  if (input.mde > BLIND_MDE) warnings.push('blind');
  return warnings;
}

/** Returns the sentences that say why a feature got its level. */
export function explainDrift(input: {
  readonly level: Level;
  readonly pAdjusted: number;
  readonly q: number;
  readonly psi: number;
  readonly psiNoise: number;
  readonly psiCorrected: number;
  readonly dCorrected: number | null;
  readonly windows: number;
  readonly phi: number;
  readonly mde: number;
  readonly floors: Floors;
  readonly warnings: readonly Warning[];
}): string {
  const notes = input.warnings.map((warning) => NOTES[warning](input));
  return [verdictSentence(input), ...notes].join(' ');
}

/** Returns the sentence that says why a feature got no verdict. */
export function explainMissing(entry: Extract<Evidence, { status: 'insufficient_data' }>): string {
  if (entry.why === 'few_rows') return `Too few rows: ${entry.n} current and ${entry.m} reference rows.`;
  if (entry.why === 'few_windows') {
    return `Only ${entry.windows} reference windows have rows; 3 are needed to know how much windows vary.`;
  }
  return `All rows fall into one bin after pooling, so shares cannot be compared (${entry.n} current rows).`;
}

/** Returns the bins that contribute most to PSI, at most three, largest first. */
export function topBins(
  pooled: PooledBins,
  names: { readonly labels?: readonly string[]; readonly edges?: readonly number[] },
): readonly TopBin[] {
  const m = total(pooled.reference);
  const n = total(pooled.current);
  const bins = pooled.reference.map((count, index): TopBin => {
    const other = pooled.current[index] ?? 0;
    const p = (count + 0.5) / (m + 0.5 * pooled.reference.length);
    const q = (other + 0.5) / (n + 0.5 * pooled.reference.length);
    return {
      label: index === pooled.other ? 'OTHER' : labelOf(pooled.members[index] ?? [], names),
      shareReference: count / m,
      shareCurrent: other / n,
      contribution: (q - p) * Math.log(q / p),
    };
  });
  return bins.sort((a, b) => b.contribution - a.contribution).slice(0, TOP_BINS);
}

/** How the sentence begins that a verdict has about a feature whose drift could not be seen. */
export const BLIND = 'Blind below';
const FEW_WINDOWS = 24;
const BLIND_MDE = 0.25;
const TOP_BINS = 3;

const NOTES: Readonly<
  Record<Warning, (input: { readonly windows: number; readonly phi: number; readonly mde: number }) => string>
> = {
  no_windows: () => 'The reference has no time windows, so rows are taken as independent (phi 1).',
  few_windows: ({ windows, phi }) => `Phi ${short(phi)} rests on only ${windows} reference windows.`,
  blind: ({ mde, phi }) =>
    `${BLIND} a corrected PSI of ${short(mde)}: reference windows vary too much (phi ${short(phi)}) or hold too few rows; a same-hour reference may help.`,
};

function verdictSentence(input: {
  readonly level: Level;
  readonly pAdjusted: number;
  readonly q: number;
  readonly psi: number;
  readonly psiNoise: number;
  readonly psiCorrected: number;
  readonly dCorrected: number | null;
  readonly floors: Floors;
}): string {
  const { level, pAdjusted, q, floors } = input;
  const ks = input.dCorrected === null ? '' : ` and corrected KS ${short(input.dCorrected)}`;
  const effect = `corrected PSI ${short(input.psiCorrected)}${ks}`;
  if (level === 'minor' || level === 'moderate' || level === 'major') {
    const floor = floors[level];
    const bar =
      input.dCorrected === null ? `PSI ${short(floor.psi)}` : `PSI ${short(floor.psi)} or KS ${short(floor.ks)}`;
    return `Drift is ${level}: adjusted p ${short(pAdjusted)} is within the level ${short(q)}, and ${effect} reach the floor (${bar}).`;
  }
  if (level === 'negligible') {
    return `Certain but negligible: adjusted p ${short(pAdjusted)} is within the level ${short(q)}, but ${effect} stay below the floor.`;
  }
  return `Not significant: adjusted p ${short(pAdjusted)} is above the level ${short(q)}; PSI ${short(input.psi)} of which ${short(input.psiNoise)} is expected noise.`;
}

function labelOf(
  members: readonly number[],
  names: { readonly labels?: readonly string[]; readonly edges?: readonly number[] },
): string {
  const first = members[0] ?? 0;
  const last = members.at(-1) ?? first;
  if (names.edges !== undefined) {
    const low = names.edges[first - 1];
    const high = names.edges[last];
    if (low === undefined) return high === undefined ? 'all values' : `<= ${short(high)}`;
    return high === undefined ? `> ${short(low)}` : `(${short(low)}, ${short(high)}]`;
  }
  return names.labels?.[first] ?? (first === last ? `bin ${first}` : `bins ${first}-${last}`);
}

function short(value: number): string {
  if (value === 0) return '0';
  return String(Number(value.toPrecision(3)));
}

function total(counts: readonly number[]): number {
  let sum = 0;
  for (const count of counts) sum += count;
  return sum;
}
