import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog';
import { type DataSource, dataSourceRef } from './datasources.ts';

/** What the plugin's backend makes of the rows: one series per combination of text columns, or the rows themselves. */
export type ClickHouseFormat = 'timeseries' | 'table';

/** The query model of the ClickHouse plugin from version 4 on. */
export interface ClickHouseQuery extends Dataquery {
  readonly refId: string;
  readonly datasource: DataSource;
  readonly editorType: 'sql';
  readonly pluginVersion: string;
  readonly format: number;
  readonly queryType: ClickHouseFormat;
  readonly rawSql: string;
}

/** Below 4.0.0 the plugin would migrate the query as an old one when it loads. */
const CLICKHOUSE_PLUGIN_VERSION = '4.20.0';

/** Returns the builder of a query; each `build` makes a new object, so that a builder may be used twice. */
export function clickHouseQuery(options: {
  readonly refId: string;
  readonly sql: string;
  readonly format: ClickHouseFormat;
}): Builder<ClickHouseQuery> {
  return { build: () => buildQuery(options) };
}

/** Returns the model of a `query` variable of the plugin. */
export function clickHouseVariableQuery(sql: string): {
  readonly refId: string;
  readonly queryType: string;
  readonly rawSql: string;
} {
  return { refId: 'var', queryType: 'sql', rawSql: sql };
}

const FORMATS: Readonly<Record<ClickHouseFormat, number>> = { timeseries: 0, table: 1 };

function buildQuery(options: {
  readonly refId: string;
  readonly sql: string;
  readonly format: ClickHouseFormat;
}): ClickHouseQuery {
  const query: ClickHouseQuery = {
    refId: options.refId,
    datasource: dataSourceRef('clickhouse'),
    editorType: 'sql',
    pluginVersion: CLICKHOUSE_PLUGIN_VERSION,
    format: FORMATS[options.format],
    queryType: options.format,
    rawSql: options.sql,
    _implementsDataqueryVariant: noop,
  };
  // The SDK's type wants this marker; nothing that serialises or compares the query should meet it.
  Object.defineProperty(query, '_implementsDataqueryVariant', { enumerable: false });
  return query;
}

function noop(): void {
  // The marker is never called.
}
