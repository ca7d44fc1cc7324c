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
import { ALL_TRAFFIC, MODEL_FILTER, scopeFilter, signalRows, sqlList, table } from './sql.ts';

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
  const sql = `SELECT DISTINCT model FROM ${table('service_per_hour')} WHERE ${IN_HOURS} AND segment = '' ORDER BY model`;
  return queryVariable({
    name: 'model',
    label: 'Model',
    description: 'One model with traffic in the time range.',
    sql,
  });
}

/** Returns the variable that chooses versions of the chosen model. */
export function versionVariable(): Builder<VariableModel> {
  const sql = `SELECT DISTINCT version FROM ${table('service_per_hour')} WHERE ${IN_HOURS} AND ${MODEL_FILTER} AND segment = '' ORDER BY version`;
  return queryVariable({
    name: 'version',
    label: 'Version',
    description: 'Versions of the model; all by default.',
    sql,
  })
    .multi(true)
    .includeAll(true)
    .current(ALL);
}

/**
 * Returns the variable that chooses models, among those with one of the signals in the time range: all by default, or,
 * with `first`, the first of them and never a word for all, which would let other models in.
 */
export function modelsVariable(
  options: { readonly signals?: readonly string[]; readonly first?: boolean } = {},
): Builder<VariableModel> {
  const { signals = ['requests_per_second'], first = false } = options;
  const filter = `signal IN (${sqlList(signals)}) AND model != ''`;
  const sql = `SELECT DISTINCT model FROM ${signalRows({ of: 'fleet', filter, columns: ['model'], combine: 'last' })} ORDER BY model`;
  const description = first ? 'One model, or several to compare.' : 'Models; all by default.';
  const models = queryVariable({ name: 'model', label: 'Model', description, sql }).multi(true);
  return first ? models : models.includeAll(true).current(ALL);
}

/** Returns the variable that chooses a segment of the chosen model's traffic; all traffic by default. */
export function segmentVariable(): Builder<VariableModel> {
  const sql = `SELECT DISTINCT if(segment = '', '${ALL_TRAFFIC}', segment) AS segment FROM ${table('service_per_hour')} WHERE ${IN_HOURS} AND ${MODEL_FILTER} ORDER BY segment`;
  return queryVariable({
    name: 'segment',
    label: 'Segment',
    description: 'Part of the traffic, for traffic, errors and latency.',
    sql,
  }).current({ selected: true, text: ALL_TRAFFIC, value: ALL_TRAFFIC });
}

/** Returns the variable that chooses GPUs among those with samples of the models of `filter`; all by default. */
export function gpuVariable(filter: string): Builder<VariableModel> {
  const ofGpus = `signal = 'gpu_utilization_ratio' AND ${scopeFilter('gpu')} AND ${filter}`;
  const sql = `SELECT DISTINCT gpu FROM ${signalRows({ of: 'fleet', filter: ofGpus, columns: ['gpu'], combine: 'last' })} ORDER BY gpu`;
  return queryVariable({ name: 'gpu', label: 'GPU', description: 'GPUs and MIG slices; all by default.', sql })
    .multi(true)
    .includeAll(true)
    .current(ALL);
}

/** Returns the variable that chooses a feature of the chosen model, the most drifted first. */
export function featureVariable(): Builder<VariableModel> {
  const filter = `${MODEL_FILTER} AND signal = 'feature_psi' AND feature != ''`;
  const sql = [
    `SELECT feature FROM ${signalRows({ of: 'model', filter, columns: ['feature'], combine: 'max' })}`,
    'GROUP BY feature ORDER BY max(value) DESC, feature',
  ].join(' ');
  return queryVariable({
    name: 'feature',
    label: 'Feature',
    description: 'Feature of the lower half; the most drifted comes first.',
    sql,
  }).sort(VariableSort.Disabled);
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

/** Hours that lie in the time range, the first of them maybe in part. */
const IN_HOURS = 't >= toStartOfHour($__fromTime) AND t <= $__toTime';

const ALL = { selected: true, text: ['All'], value: ['$__all'] };

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
