/** A data source by its plugin and the dashboard variable that chooses it. */
export interface DataSource {
  readonly type: string;
  readonly uid: string;
}

/** The two sources of every dashboard: the variable that chooses each, and the uid it is provisioned with. */
export const DATA_SOURCES = {
  clickhouse: {
    type: 'grafana-clickhouse-datasource',
    variable: 'clickhouse',
    label: 'ClickHouse',
    description: 'The ClickHouse that Plumbline writes to.',
    provisionedUid: 'plumbline-clickhouse',
    provisionedName: 'Plumbline ClickHouse',
  },
  prometheus: {
    type: 'prometheus',
    variable: 'prometheus',
    label: 'Prometheus',
    description: 'The Prometheus that scrapes Plumbline.',
    provisionedUid: 'plumbline-prometheus',
    provisionedName: 'Plumbline Prometheus',
  },
} as const;

/** Returns the reference that a panel, query or annotation names its source by. */
export function dataSourceRef(name: keyof typeof DATA_SOURCES): DataSource {
  const { type, variable } = DATA_SOURCES[name];
  return { type, uid: `\${${variable}}` };
}
