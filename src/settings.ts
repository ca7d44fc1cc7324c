import type { ConstantSignals } from './analysis/minute/service-signals.ts';
import type { DriftSettings } from './analysis/minute/drift-schedule.ts';
import type { Reference } from './analysis/minute/reference-ranges.ts';
import type { ReferenceSpec } from './config/models.ts';
import type { Config } from './config/schema.ts';
import type { StoreSettings } from './store/open-store.ts';

/** Returns what opening the database needs of the configuration. */
export function storeSettings(config: Config): StoreSettings {
  const { memory_bytes: memoryBytes, ...clickhouse } = config.clickhouse;
  return { ...clickhouse, memoryBytes };
}

/** Returns the reference that a specification of the configuration means. */
export function toReference(spec: ReferenceSpec): Reference {
  switch (spec.kind) {
    case 'fixed':
      return { kind: 'fixed', fromMs: spec.from, toMs: spec.to };
    case 'trailing':
      return { kind: 'trailing', windowMs: spec.window };
    case 'previous':
      return { kind: 'previous' };
    case 'same-hour-last-week':
      return { kind: 'same-hour-last-week', weeks: spec.weeks };
    case 'version':
      return { kind: 'version', version: spec.version };
  }
}

const DEFAULT_DRIFT = { window: 3_600_000, false_alarms_per_month: 1, min_rows: 100 } as const;

/** Returns how the drift of a model is judged; models that the configuration does not name get the defaults. */
export function driftSettings(config: Config, model: string): DriftSettings {
  const found = config.models.find((entry) => entry.name === model);
  const drift = found?.drift ?? DEFAULT_DRIFT;
  const importance = Object.fromEntries(
    Object.entries(found?.features ?? {}).flatMap(([name, { importance: weight }]) =>
      weight === undefined ? [] : [[name, weight]],
    ),
  );
  return {
    windowMs: drift.window,
    falseAlarmsPerMonth: drift.false_alarms_per_month,
    minRows: drift.min_rows,
    features: found?.drift.features,
    importance,
    reference: found?.reference === undefined ? undefined : toReference(found.reference),
  };
}

/** Returns the objectives of each model as constant series named slo_<objective>, and the age of the model at a moment. */
export function constantSignals(config: Config, nowMs: number): ConstantSignals {
  return new Map(
    config.models.map((model) => {
      const objectives = Object.entries(model.slo).flatMap(([name, value]) =>
        value === undefined ? [] : [[`slo_${name}`, value]],
      );
      const age =
        model.staleness === undefined
          ? []
          : [['model_age_seconds', Math.max(0, (nowMs - model.staleness.trained_at) / 1000)]];
      return [model.name, Object.fromEntries([...objectives, ...age])];
    }),
  );
}
