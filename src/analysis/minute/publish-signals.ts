import { findSignal } from '../../signals/catalogue.ts';
import { labelsOf, prometheusName } from '../../signals/signal-definition.ts';
import { latestSignals, servingPods } from '../../store/queries/latest-signals.ts';
import type { Store } from '../../store/store.ts';
import type { SignalGauges, SignalSeries } from '../../telemetry/signal-gauges.ts';

/** Puts the newest value of every signal on /metrics; feature series are the worst of each model, up to a cap. */
export async function publishSignals(options: {
  readonly store: Store;
  readonly gauges: SignalGauges;
  readonly atMs: number;
  readonly maxFeaturesPerModel: number;
}): Promise<number> {
  const { store, gauges, atMs, maxFeaturesPerModel } = options;
  const rows = await store.query(latestSignals, { at_ms: atMs });
  const shown = worstFeatures(rows, maxFeaturesPerModel);
  const series: SignalSeries[] = [];
  for (const row of rows) {
    const definition = findSignal(row.signal);
    if (definition === undefined) continue;
    if (row.feature !== '' && shown.get(row.model)?.has(row.feature) !== true) continue;
    const labelNames = labelsOf(definition);
    const { model, version, feature, segment, gpu } = row;
    const all: Readonly<Record<string, string>> = { model, version, feature, segment, gpu };
    series.push({
      metric: prometheusName(row.signal),
      help: definition.help,
      labelNames,
      labels: Object.fromEntries(labelNames.map((name) => [name, all[name] ?? ''])),
      value: row.newest,
    });
  }
  for (const pod of await store.query(servingPods, { at_ms: atMs })) {
    series.push({
      metric: 'plumbline_pod_info',
      help: 'Pods that serve a model, with node and GPU; for joins.',
      labelNames: ['model', 'namespace', 'pod', 'node', 'gpu'],
      labels: pod,
      value: 1,
    });
  }
  gauges.publish(series);
  return series.length;
}

/** Any of these may make a feature the worst one; a rule that looks for nulls must not lose the null feature. */
const RANKING: ReadonlySet<string> = new Set(['feature_psi', 'feature_missing_ratio', 'feature_unseen_ratio']);

function worstFeatures(
  rows: readonly {
    readonly signal: string;
    readonly model: string;
    readonly feature: string;
    readonly newest: number;
  }[],
  cap: number,
): ReadonlyMap<string, ReadonlySet<string>> {
  const byModel = new Map<string, Map<string, number>>();
  for (const row of rows) {
    if (row.feature === '') continue;
    const features = byModel.get(row.model) ?? new Map<string, number>();
    byModel.set(row.model, features);
    const rank = RANKING.has(row.signal) ? row.newest : -1;
    features.set(row.feature, Math.max(rank, features.get(row.feature) ?? Number.NEGATIVE_INFINITY));
  }
  return new Map(
    [...byModel].map(([model, features]) => [
      model,
      new Set(
        [...features]
          .sort(([a, x], [b, y]) => y - x || a.localeCompare(b))
          .slice(0, cap)
          .map(([feature]) => feature),
      ),
    ]),
  );
}
