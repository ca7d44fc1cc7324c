import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import {
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  TextBoxVariableBuilder,
  type VariableModel,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { clickHouseVariableQuery } from './clickhouse-query.ts';
import { DATA_SOURCES, dataSourceRef } from './datasources.ts';
import { MODEL_FILTER, table } from './sql.ts';

/** Returns the variable that chooses one of the data sources; the provisioned one is preset. */
export function dataSourceVariable(name: keyof typeof DATA_SOURCES): Builder<VariableModel> {
  const source = DATA_SOURCES[name];
  return new DatasourceVariableBuilder(source.variable)
    .label(source.label)
    .description(source.description)
    .type(source.type)
    .current({ selected: true, text: source.provisionedName, value: source.provisionedUid });
}

/** Returns the variable that chooses one model, among those with traffic in the time range. */
export function modelVariable(): Builder<VariableModel> {
  const sql = `SELECT DISTINCT model FROM ${table('service_per_minute')} WHERE $__timeFilter(t) ORDER BY model`;
  return queryVariable({
    name: 'model',
    label: 'Model',
    description: 'One model with traffic in the time range.',
    sql,
  });
}

/** Returns the variable that chooses versions of the chosen model. */
export function versionVariable(): Builder<VariableModel> {
  const sql = `SELECT DISTINCT version FROM ${table('service_per_minute')} WHERE $__timeFilter(t) AND ${MODEL_FILTER} ORDER BY version`;
  return queryVariable({
    name: 'version',
    label: 'Version',
    description: 'Versions of the model; all by default.',
    sql,
  })
    .multi(true)
    .includeAll(true)
    .current({ selected: true, text: ['All'], value: ['$__all'] });
}

/** Returns the variable that holds the address of Plumbline's own pages, for links. */
export function addressVariable(): Builder<VariableModel> {
  const address = 'http://localhost:8080';
  return new TextBoxVariableBuilder('plumbline')
    .label('Plumbline')
    .description('Address of the Plumbline service, for the links to its pages.')
    .defaultValue(address)
    .current({ selected: true, text: address, value: address });
}

function queryVariable(options: {
  readonly name: string;
  readonly label: string;
  readonly description: string;
  readonly sql: string;
}): QueryVariableBuilder {
  return (
    new QueryVariableBuilder(options.name)
      .label(options.label)
      .description(options.description)
      .datasource(dataSourceRef('clickhouse'))
      .query(clickHouseVariableQuery(options.sql))
      .definition(options.sql)
      // The query has a time filter.
      .refresh(VariableRefresh.OnTimeRangeChanged)
      .sort(VariableSort.NaturalAsc)
  );
}
