import type { ConstantSignals } from './analysis/minute/service-signals.ts';
import type { DriftSettings } from './analysis/minute/drift-schedule.ts';
import type { Reference } from './analysis/minute/reference-ranges.ts';
import type { RegisteredModel } from './collectors/registry/config.ts';
import { featureFloors } from './config/floors.ts';
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
  const floors = found === undefined ? undefined : featureFloors(found);
  return {
    windowMs: drift.window,
    falseAlarmsPerMonth: drift.false_alarms_per_month,
    minRows: drift.min_rows,
    features: found?.drift.features,
    importance,
    ...(floors === undefined ? {} : { floors }),
    reference: found?.reference === undefined ? undefined : toReference(found.reference),
  };
}

/** Returns the models whose age a registry knows. */
export function registeredModels(config: Config): readonly RegisteredModel[] {
  return config.models.flatMap(({ name, staleness }) =>
    staleness?.mlflow === undefined ? [] : [{ model: name, registry: staleness.mlflow }],
  );
}

/** Returns the objectives of each model as constant series named slo_<objective>, since when its age counts, and declared prices. */
export function constantSignals(config: Config): ConstantSignals {
  return new Map(
    config.models.map((model) => {
      const objectives = Object.entries(model.slo).flatMap(([name, value]) =>
        value === undefined ? [] : [[`slo_${name}`, value]],
      );
      const age =
        model.staleness?.trained_at === undefined
          ? []
          : [['model_age_seconds', { sinceMs: model.staleness.trained_at }]];
      const { usd_per_hour: declared, usd_per_gpu_hour: gpuPrice } = model.cost ?? {};
      const prices = [
        ...(declared === undefined ? [] : [['declared_cost_per_hour_usd', declared]]),
        ...(gpuPrice === undefined ? [] : [['gpu_price_per_hour_usd', gpuPrice]]),
      ];
      return [model.name, Object.fromEntries([...objectives, ...age, ...prices])];
    }),
  );
}
