import type { Store } from '../../store/store.ts';
import type { Statement } from './report.ts';

export type Settings = Readonly<Record<string, string | number>>;

/** Runs the statements of one drift comparison and keeps their text, so that each number can be reproduced. */
export class DriftSession {
  readonly #store: Store;
  readonly #statements: Statement[] = [];

  constructor(store: Store) {
    this.#store = store;
  }

  get statements(): readonly Statement[] {
    return this.#statements;
  }

  /** Runs a query and returns its rows unchecked. */
  async rows(name: string, sql: string, settings: Settings = {}): Promise<readonly unknown[]> {
    this.#statements.push({ name, sql });
    return this.#store.rows({ name: `drift_${name}`, sql, settings: { ...INTERPRETED, ...settings } });
  }

  /** Runs a statement without an answer. */
  async command(name: string, sql: string, settings: Settings = {}): Promise<void> {
    this.#statements.push({ name, sql });
    await this.#store.command({ name: `drift_${name}`, sql, settings: { ...INTERPRETED, ...settings } });
  }
}

/** Statements differ from one comparison to the next: compiling their expressions costs more than it saves. */
const INTERPRETED: Settings = { compile_expressions: 0, compile_aggregate_expressions: 0 };
