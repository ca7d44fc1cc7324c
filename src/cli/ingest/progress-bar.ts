/** Draws how much of a file was read, on a terminal; elsewhere it draws nothing. */
export class ProgressBar {
  readonly #title: string;
  readonly #totalBytes: number;
  readonly #stderr: NodeJS.WriteStream;
  readonly #draws: boolean;
  #bytes = 0;

  /** `totalBytes` is undefined when nobody knows how much comes. */
  constructor(options: {
    readonly title: string;
    readonly totalBytes: number | undefined;
    readonly stderr: NodeJS.WriteStream;
  }) {
    this.#title = options.title;
    this.#totalBytes = options.totalBytes ?? 0;
    this.#stderr = options.stderr;
    this.#draws = options.stderr.isTTY && this.#totalBytes > 0;
  }

  advance(bytes: number): void {
    this.#bytes += bytes;
  }

  show(records: number): void {
    if (!this.#draws) return;
    const share = Math.min(1, this.#bytes / this.#totalBytes);
    const bar = '█'.repeat(Math.round(share * 30)).padEnd(30, '░');
    this.#stderr.write(
      `\r${this.#title} ${bar} ${(share * 100).toFixed(0)} %  ${records.toLocaleString('en-US')} records`,
    );
  }

  end(): void {
    if (this.#draws) this.#stderr.write('\n');
  }
}
