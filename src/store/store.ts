import { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { type ClickHouseClient, ClickHouseError, ClickHouseLogLevel, createClient } from '@clickhouse/client';
import type { Logger } from 'pino';
import { AppError } from '../core/errors.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import type { EngineEndpoint } from './engine/embedded-engine.ts';
import type { Query, QueryParameters } from './query.ts';

export type Row = Readonly<Record<string, unknown>>;

export interface StoreOptions {
  /** Asked before each connection, so that an engine that came back elsewhere is found. */
  readonly endpoint: () => EngineEndpoint;
  readonly database: string;
  readonly logger: Logger;
  readonly telemetry: Telemetry;
  readonly requestTimeoutMs?: number;
}

/** ClickHouse's own codes for "not now": too many queries or parts, memory, time, network, read-only replica, no space. */
const RETRYABLE_CODES = new Set([
  '159',
  '202',
  '203',
  '209',
  '210',
  '225',
  '241',
  '242',
  '243',
  '252',
  '319',
  '425',
  '999',
]);

const PING_TIMEOUT_MS = 3000;

const SETTINGS = {
  async_insert: 0,
  // Doubles and 64-bit integers arrive as JSON numbers; NaN and Infinity as null.
  output_format_json_quote_64bit_integers: 0,
  output_format_json_quote_denormals: 0,
  date_time_output_format: 'iso',
} as const;

/** The one way to the database: typed queries, row inserts, raw inserts and commands, each with a span, a duration and a timeout. */
export class Store {
  readonly #options: StoreOptions;
  #client: ClickHouseClient | undefined;
  #url = '';

  constructor(options: StoreOptions) {
    this.#options = options;
  }

  get database(): string {
    return this.#options.database;
  }

  /**
   * Runs a typed query.
   *
   * @throws StoreError, retryable when the database is away or overloaded; E_STORE_SHAPE when a row is not as declared
   */
  async query<P extends QueryParameters, R>(query: Query<P, R>, parameters: P): Promise<readonly R[]> {
    const { name, sql, settings = {} } = query;
    const rows = await this.rows({ name, sql, parameters, settings });
    return rows.map((row) => {
      const parsed = query.row.safeParse(row);
      if (parsed.success) return parsed.data;
      throw new AppError('E_STORE_SHAPE', `Query ${query.name} returned a row of another shape.`, {
        cause: parsed.error,
      });
    });
  }

  /** Runs SQL that is composed at run time (batch drift over any columns) and returns its rows unchecked. */
  async rows(statement: {
    readonly name: string;
    readonly sql: string;
    readonly parameters?: QueryParameters;
    readonly settings?: Readonly<Record<string, string | number>>;
  }): Promise<readonly unknown[]> {
    return this.#observe(statement.name, async (client) => {
      const result = await client.query({
        query: statement.sql,
        format: 'JSONEachRow',
        query_params: { ...statement.parameters },
        clickhouse_settings: { ...statement.settings },
      });
      return result.json<unknown>();
    });
  }

  /** Runs a statement without an answer: DDL, INSERT ... SELECT, SYSTEM. */
  async command(statement: {
    readonly name: string;
    readonly sql: string;
    readonly parameters?: QueryParameters;
    readonly settings?: Readonly<Record<string, string | number>>;
  }): Promise<void> {
    await this.#observe(statement.name, async (client) => {
      await client.command({
        query: statement.sql,
        query_params: { ...statement.parameters },
        clickhouse_settings: { ...statement.settings },
      });
    });
  }

  /** Inserts rows given as objects. With a token, the same insert sent again changes nothing. Times: ISO text or epoch seconds. */
  async insert(table: string, rows: readonly Row[], options: { readonly token?: string } = {}): Promise<void> {
    if (rows.length === 0) return;
    await this.#observe(`insert_${table}`, async (client) => {
      await client.insert({
        table,
        values: [...rows],
        format: 'JSONEachRow',
        clickhouse_settings: { date_time_input_format: 'best_effort', ...deduplication(options.token) },
      });
    });
  }

  /** Inserts bytes in a ClickHouse format as they are. */
  async insertRaw(options: {
    readonly table: string;
    readonly columns: readonly string[];
    readonly format: string;
    readonly body: Buffer | readonly Buffer[];
    readonly token: string;
    readonly settings?: Readonly<Record<string, string | number>>;
  }): Promise<void> {
    const { table, columns, format, body, token, settings } = options;
    await this.#observe(`insert_${table}`, async (client) => {
      const result = await client.exec({
        query: `INSERT INTO ${table} (${columns.join(', ')}) FORMAT ${format}`,
        values: Readable.from(Buffer.isBuffer(body) ? [body] : body, { objectMode: false }),
        clickhouse_settings: { ...deduplication(token), ...settings },
      });
      // An answer that breaks off says nothing about the insert: it is a fault, and the token makes the next try safe.
      await finished(result.stream.resume());
    });
  }

  /** Runs SQL and returns its answer as a stream of bytes in the format that the SQL names. */
  async readRaw(statement: {
    readonly name: string;
    readonly sql: string;
    readonly parameters?: QueryParameters;
    readonly settings?: Readonly<Record<string, string | number>>;
  }): Promise<Readable> {
    return this.#observe(statement.name, async (client) => {
      const result = await client.exec({
        query: statement.sql,
        query_params: { ...statement.parameters },
        clickhouse_settings: { ...statement.settings },
      });
      return result.stream;
    });
  }

  /** Returns whether the database answers within three seconds. */
  async ping(): Promise<boolean> {
    const result = await this.#connect().ping({ select: false, abort_signal: AbortSignal.timeout(PING_TIMEOUT_MS) });
    return result.success;
  }

  async close(): Promise<void> {
    await this.#client?.close();
    this.#client = undefined;
  }

  #connect(): ClickHouseClient {
    const { url, username, password } = this.#options.endpoint();
    if (this.#client !== undefined && this.#url === url) return this.#client;
    void this.#client?.close();
    this.#url = url;
    this.#client = createClient({
      url,
      username,
      password,
      database: this.#options.database,
      request_timeout: this.#options.requestTimeoutMs ?? 300_000,
      max_open_connections: 16,
      log: { level: ClickHouseLogLevel.OFF },
      compression: { request: false, response: false },
      clickhouse_settings: SETTINGS,
    });
    return this.#client;
  }

  async #observe<T>(name: string, action: (client: ClickHouseClient) => Promise<T>): Promise<T> {
    return this.#options.telemetry.observe('store', name, async () => {
      try {
        return await action(this.#connect());
      } catch (error) {
        throw toStoreError(name, error);
      }
    });
  }
}

/** A fault of the database or of the way to it. */
export class StoreError extends AppError {
  readonly databaseCode: string;

  constructor(
    message: string,
    options: { readonly retryable: boolean; readonly databaseCode: string; readonly cause?: unknown },
  ) {
    super('E_STORE', message, options);
    this.databaseCode = options.databaseCode;
  }
}

function toStoreError(name: string, error: unknown): AppError {
  if (error instanceof AppError) return error;
  if (error instanceof ClickHouseError) {
    return new StoreError(`ClickHouse refused ${name}: ${error.message}`, {
      retryable: RETRYABLE_CODES.has(error.code),
      databaseCode: error.code,
      cause: error,
    });
  }
  // Everything else is the way to the database: refused, reset, timed out.
  return new StoreError(`ClickHouse did not answer ${name}`, { retryable: true, databaseCode: '', cause: error });
}

function deduplication(token: string | undefined): Readonly<Record<string, string | number>> {
  if (token === undefined) return {};
  return {
    insert_deduplicate: 1,
    insert_deduplication_token: token,
    deduplicate_blocks_in_dependent_materialized_views: 1,
  };
}
