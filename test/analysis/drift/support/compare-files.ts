import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CompareOptions, compareDrift, type Notices } from '../../../../src/analysis/drift/compare.ts';
import { fileSource } from '../../../../src/analysis/drift/file-source.ts';
import type { DriftReport, FeatureReport, WindowReport } from '../../../../src/analysis/drift/report.ts';
import { DriftSession } from '../../../../src/analysis/drift/session.ts';
import type { Store } from '../../../../src/store/store.ts';

/** Compares two files on a running engine and returns the report and what was left out. */
export async function compareFiles(
  store: Store,
  files: { readonly reference: string; readonly current: string },
  options: Partial<
    Pick<CompareOptions, 'profile' | 'window' | 'beside' | 'overrides' | 'segment' | 'currentFilter' | 'memoryBytes'>
  > = {},
): Promise<{ readonly report: DriftReport; readonly notices: Notices }> {
  const scratch = (): string => mkdtempSync(join(tmpdir(), 'plumbline-drift-test-'));
  return compareDrift({
    session: new DriftSession(store),
    table: `drift_${Math.random().toString(36).slice(2)}`,
    reference: fileSource({ path: files.reference, scratch: scratch() }),
    current: fileSource({ path: files.current, scratch: scratch() }),
    referenceFilter: {},
    currentFilter: {},
    window: 'all',
    profile: 'robust',
    beside: [],
    overrides: { categorical: [], numeric: [] },
    budgetPerMonth: 1,
    ...options,
  });
}

/** Writes lines into a fresh file and returns its path. */
export function writeFile(name: string, lines: readonly string[]): string {
  const path = join(mkdtempSync(join(tmpdir(), 'plumbline-drift-test-')), name);
  writeFileSync(path, `${lines.join('\n')}\n`);
  return path;
}

/** Returns one feature of one window; fails when it is absent. */
export function featureOf(report: DriftReport, feature: string, window = 0): FeatureReport {
  const found = windowOf(report, window).features.find((candidate) => candidate.feature === feature);
  if (found === undefined) throw new Error(`no feature ${feature}`);
  return found;
}

/** Returns one window; fails when it is absent. */
export function windowOf(report: DriftReport, window: number): WindowReport {
  const found = report.windows[window];
  if (found === undefined) throw new Error(`no window ${window}`);
  return found;
}
