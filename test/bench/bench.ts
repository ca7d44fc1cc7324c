/** One benchmark: a name for the command line, a sentence, and the run itself. */
export interface Bench {
  readonly name: string;
  readonly describe: string;
  /** Prints one JSON line per case and then lines for people that start with '#'; sets the exit code 1 on a miss. */
  run(args: readonly string[]): Promise<void>;
}
