const WIDTH = 28;
const LINE_EVERY_MS = 3000;
const BAR_EVERY_MS = 100;

/** Where progress is shown: a terminal gets a bar that moves, anything else a line every few seconds. */
export interface ProgressTarget {
  readonly isTerminal: boolean;
  write(text: string): void;
}

/** Shows how far a long step is. */
export class Progress {
  readonly #target: ProgressTarget;
  readonly #stopwatch: () => number;
  readonly #label: string;
  #shownAt = Number.NEGATIVE_INFINITY;

  constructor(options: { readonly target: ProgressTarget; readonly stopwatch: () => number; readonly label: string }) {
    this.#target = options.target;
    this.#stopwatch = options.stopwatch;
    this.#label = options.label;
  }

  /** Shows `done` (0 to 1) and a few words, unless something was shown a moment ago. */
  update(done: number, words: string): void {
    const now = this.#stopwatch();
    if (now - this.#shownAt < (this.#target.isTerminal ? BAR_EVERY_MS : LINE_EVERY_MS)) return;
    this.#shownAt = now;
    this.#show(done, words);
  }

  /** Shows the end of the step. */
  finish(words: string): void {
    this.#show(1, words);
    if (this.#target.isTerminal) this.#target.write('\n');
  }

  #show(done: number, words: string): void {
    const percent = `${Math.floor(done * 100)} %`.padStart(5);
    if (!this.#target.isTerminal) {
      this.#target.write(`${this.#label} ${percent}  ${words}\n`);
      return;
    }
    const filled = Math.round(done * WIDTH);
    const bar = `${'#'.repeat(filled)}${'.'.repeat(WIDTH - filled)}`;
    this.#target.write(`\r\u001B[2K${this.#label} [${bar}] ${percent}  ${words}`);
  }
}
