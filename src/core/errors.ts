/** Every fault the program throws on purpose. `code` is stable; `retryable` is the only thing a retry decides on. */
export class AppError extends Error {
  readonly code: string;
  readonly retryable: boolean;
  readonly context: Readonly<Record<string, unknown>>;

  constructor(
    code: string,
    message: string,
    options: {
      readonly retryable?: boolean;
      readonly cause?: unknown;
      readonly context?: Readonly<Record<string, unknown>>;
    } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.retryable = options.retryable ?? false;
    this.context = options.context ?? {};
  }
}

/** Bad configuration: one sentence that names the path and the allowed values. Stops the start with exit code 2. */
export class ConfigError extends AppError {
  constructor(message: string, options: { readonly cause?: unknown } = {}) {
    super('E_CONFIG', message, options);
  }
}

/** Bad command-line usage or unreadable input. Exit code 2. */
export class UsageError extends AppError {
  constructor(message: string, options: { readonly cause?: unknown } = {}) {
    super('E_USAGE', message, options);
  }
}

/** Arguments of a statistic that do not fit together, for example arrays of different length. */
export class StatsError extends AppError {
  constructor(code: 'E_STATS_SHAPE' | 'E_STATS_EMPTY' | 'E_STATS_PARAMETER', message: string) {
    super(code, message);
  }
}

/** Returns the message of anything that was thrown, followed by the messages of its causes. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const own = error.message === '' ? error.name : error.message;
  return error.cause === undefined ? own : `${own}: ${describeError(error.cause)}`;
}
