import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

let folder: string;

/** Gives the whole run one folder for what its tests leave lying about. */
export function setup(): void {
  folder = mkdtempSync(join(tmpdir(), 'plumbline-tests-'));
  process.env['TMPDIR'] = folder;
}

/** Removes it at the end. */
export function teardown(): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
}
