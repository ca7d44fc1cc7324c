/** Where the schema goes: names and credentials that the migration files leave open. */
export interface SchemaTarget {
  readonly database: string;
  /** Name of the cluster, or undefined for one node. */
  readonly cluster: string | undefined;
  /** The user that dictionaries read with. */
  readonly username: string;
  readonly password: string;
}

/**
 * Returns the statements of a migration file for one node or a cluster. Placeholders:
 * `$LOCAL(t)` the table on each node; `$SHARED(t)` a small table that every node holds whole; `$ON_CLUSTER`;
 * `$ENGINE(E(args))` and `$ENGINE_SHARED(E(args))` engines that replicate on a cluster;
 * `$DISTRIBUTED(t, key)` on a cluster the table over all shards, on one node nothing; `$DATABASE`, `$USER`, `$PASSWORD`.
 */
export function renderStatements(text: string, target: SchemaTarget): readonly string[] {
  const { cluster } = target;
  const withoutComments = text.replaceAll(/^\s*--.*$/gm, '');
  const distributed = new Set([...withoutComments.matchAll(/\$DISTRIBUTED\((\w+),/g)].map((match) => match[1]));
  const onCluster = cluster === undefined ? '' : `ON CLUSTER ${quote(cluster)}`;
  const local = (name: string): string =>
    cluster !== undefined && isSharded(name, distributed) ? `${name}_local` : name;
  const rendered = withoutComments
    .replaceAll(/\$DISTRIBUTED\((\w+), (.+)\);$/gm, (_, name: string, key: string) =>
      cluster === undefined
        ? ''
        : `CREATE TABLE IF NOT EXISTS ${name} ${onCluster} AS ${name}_local ENGINE = Distributed(${quote(cluster)}, ${quote(target.database)}, ${name}_local, ${key});`,
    )
    .replaceAll(/\$LOCAL\((\w+)\)/g, (_, name: string) => local(name))
    .replaceAll(/\$SHARED\((\w+)\)/g, '$1')
    .replaceAll(
      /\$ENGINE(_SHARED)?\((\w+)(?:\(([^()]*)\))?\)/g,
      (_, shared: string | undefined, engine: string, args?: string) =>
        renderEngine({ engine, args: args ?? '', shared: shared !== undefined, cluster }),
    )
    .replaceAll('$ON_CLUSTER', onCluster)
    .replaceAll('$DATABASE', () => target.database)
    .replaceAll('$USER', () => escape(target.username))
    .replaceAll('$PASSWORD', () => escape(target.password));
  return rendered
    .split(/;\s*$/m)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '');
}

/** Names of the tables that a cluster spreads over shards; a name is local on each node and whole through Distributed. */
const SHARDED = new Set([
  'predictions',
  'dead_letters',
  'ingest_receipts',
  'service_per_minute',
  'service_per_hour',
  'service_per_day',
  'features_seen',
  'feature_histogram',
  'labels',
  'business_metrics',
  'change_events',
  'late_minutes',
]);

function isSharded(name: string, distributedHere: ReadonlySet<string | undefined>): boolean {
  return SHARDED.has(name) || distributedHere.has(name);
}

function renderEngine(options: {
  readonly engine: string;
  readonly args: string;
  readonly shared: boolean;
  readonly cluster: string | undefined;
}): string {
  const { engine, args, shared, cluster } = options;
  if (cluster === undefined) return args === '' ? engine : `${engine}(${args})`;
  const path = shared
    ? '/clickhouse/tables/shared/{database}/{table}'
    : '/clickhouse/tables/{shard}/{database}/{table}';
  const replica = shared ? '{shard}-{replica}' : '{replica}';
  const rest = args === '' ? '' : `, ${args}`;
  return `Replicated${engine}('${path}', '${replica}'${rest})`;
}

function quote(name: string): string {
  return `'${escape(name)}'`;
}

function escape(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll("'", "\\'");
}
