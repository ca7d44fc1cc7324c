import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog';
import { DataqueryBuilder, PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus';
import { dataSourceRef } from './datasources.ts';

/** Returns the builder of an instant Prometheus query shown as a table: one row per series, one column per label. */
export function prometheusTableQuery(options: { readonly refId: string; readonly expr: string }): Builder<Dataquery> {
  return new DataqueryBuilder()
    .refId(options.refId)
    .datasource(dataSourceRef('prometheus'))
    .expr(options.expr)
    .format(PromQueryFormat.Table)
    .instant();
}

/** Returns the builder of a Prometheus query over the time range; each series is named by `legend`. */
export function prometheusRangeQuery(options: {
  readonly refId: string;
  readonly expr: string;
  /** Grafana's legend format, such as `{{job}}`. */
  readonly legend: string;
}): Builder<Dataquery> {
  return new DataqueryBuilder()
    .refId(options.refId)
    .datasource(dataSourceRef('prometheus'))
    .expr(options.expr)
    .legendFormat(options.legend)
    .format(PromQueryFormat.TimeSeries)
    .range();
}
