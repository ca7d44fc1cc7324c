import type { Store } from '../../src/store/store.ts';
import { alertRows } from './picture-alerts.ts';
import { featureStatements } from './picture-features.ts';
import { gpuStatements } from './picture-gpus.ts';
import { gridStatements } from './picture-grids.ts';
import { type FleetModel, MODELS, PREFERRED } from './picture-models.ts';
import { recordStatements } from './picture-records.ts';
import { BUSY, HOURS, jitter, MINUTES, noise, signalStatement, START, TROUBLE } from './picture-sql.ts';

/** The six hours that the pictures show. */
export const FROM_MS = Date.parse('2026-11-20T05:00:00Z');
export const TO_MS = Date.parse('2026-11-20T11:00:00Z');

/** Writes six hours of an invented fleet of eight models, with thirty days of hours behind it. The same on every run. */
export async function seedPictureFleet(store: Store): Promise<void> {
  const statements = [
    ...MODELS.flatMap((model) => [...serviceStatements(model), ...signalStatements(model), ...longStatements(model)]),
    DAYS,
    ...featureStatements(),
    ...gpuStatements(),
    ...recordStatements(),
    ...gridStatements(TO_MS),
    ...MODELS.filter(({ isLlm }) => isLlm === true).map(firstTokenStatement),
  ];
  for (const [index, sql] of statements.entries()) await store.command({ name: `picture_${index}`, sql });
  await store.insert(
    'alert_history',
    alertRows(
      TO_MS,
      MODELS.map(({ name }) => name),
    ),
  );
}

/** The days of those hours. */
const DAYS = `INSERT INTO service_per_day
  SELECT model, version, toStartOfDay(t) AS day, sum(requests), sum(errors), min(t), max(t), sum(latency_count),
    quantilesDDMergeState(0.01, 0.5, 0.95, 0.99)(latency), sum(score_count)
  FROM service_per_hour WHERE segment = '' GROUP BY model, version, day`;

function isTroubled({ name }: FleetModel): boolean {
  return name === PREFERRED.model;
}

function serviceStatements(model: FleetModel): readonly string[] {
  const slower = isTroubled(model) ? `(1 + 2.2 * ${TROUBLE})` : '1';
  const worse = isTroubled(model) ? `(1 + 9 * ${TROUBLE})` : '1';
  const versions = isTroubled(model)
    ? [
        { version: '3', share: 'if(n < 300, 1, 0.1)' },
        { version: '4', share: 'if(n < 300, 0, 0.9)' },
      ]
    : [{ version: '1', share: '1' }];
  const segments = isTroubled(model) ? ['', 'carrier=AA', 'carrier=UA'] : [''];
  return versions.flatMap(({ version, share }) =>
    segments.map((segment, index) => {
      const part = `${share} * ${index === 0 ? 1 : 0.4}`;
      const requests = `toUInt64(round(${jitter(`${model.perSecond * 60} * ${BUSY} * ${part}`, model.name)}))`;
      return `INSERT INTO service_per_minute
        SELECT '${model.name}', '${version}', '${segment}', minute, ${requests} AS requests,
          toUInt64(round(${jitter(`requests * ${model.errors} * ${worse}`, `${model.name} errors`, 0.5)})), minute, minute, requests, requests * 20, 300,
          quantilesDDState(0.01, 0.5, 0.95, 0.99)(${model.p99 * 1000} * ${slower} * exp(0.55 * (((sipHash64(toUInt32(minute), draw) % 1000) + (sipHash64(draw, toUInt32(minute)) % 1000)) / 333. - 3) - 0.95)),
          requests, requests * (0.31 + 0.02 * ${noise(`${model.name}${segment}`)})
        FROM ${MINUTES} CROSS JOIN (SELECT number AS draw FROM numbers(60)) AS draws GROUP BY minute, n HAVING requests > 0`;
    }),
  );
}

/** Signals of a model and what each is worth, as SQL of the minute. */
function valuesOf(model: FleetModel): Readonly<Record<string, string>> {
  const t = isTroubled(model) ? TROUBLE : '0';
  const plain: Record<string, string> = {
    requests_per_second: `${model.perSecond} * ${BUSY}`,
    error_ratio: `${model.errors} * (1 + 9 * ${t})`,
    latency_p99_seconds: `${model.p99} * (1 + 2.2 * ${t})`,
    gpu_utilization_ratio: `least(0.995, ${model.gpu} * ${BUSY} + 0.4 * ${t})`,
    drift_score: `${model.drift} * (0.6 + 0.4 * n / 360)`,
    prediction_psi: `${model.drift} * (0.5 + 0.6 * n / 360)`,
    accuracy: `${model.accuracy} - 0.04 * ${model.drift > 0.2 ? 'n / 360' : '0'}`,
    f1: `${model.accuracy} - 0.11`,
    auc: `${model.accuracy} - 0.03`,
    log_loss: `1.2 - ${model.accuracy}`,
    mae: '4.1',
    rmse: '6.3',
    label_coverage_ratio: `0.97 - 0.4 * exp((n - 360) / 60)`,
    worst_business_ratio: `1 - 0.22 * ${t}`,
    business_bookings_usd: `${model.perSecond * 30} * ${BUSY} * (1 - 0.22 * ${t})`,
    business_bookings_usd_vs_baseline_ratio: `1 - 0.22 * ${t}`,
    business_conversion_ratio: `0.12 - 0.02 * ${t}`,
    cost_per_thousand_predictions_usd: `${model.costPerHour / model.perSecond / 3.6} / ${BUSY}`,
    error_budget_burn_1h: `${model.errors * 100} * (1 + 9 * ${t})`,
    error_budget_burn_6h: `${model.errors * 100} * (1 + 2 * ${t})`,
    latency_budget_burn_1h: `0.4 + 18 * ${t}`,
    latency_budget_burn_6h: `0.4 + 3 * ${t}`,
    missing_increase_ratio: `${model.drift / 10}`,
    gpu_power_watts: `280 + 380 * least(1, ${model.gpu} * ${BUSY} + 0.4 * ${t})`,
    ...(model.isLlm === true ? llmValues(model) : {}),
  };
  return plain;
}

function llmValues(model: FleetModel): Readonly<Record<string, string>> {
  const full = `greatest(0, sin(n / 57.)) * ${model.gpu}`;
  return {
    llm_ttft_p50_seconds: `0.16 + 0.5 * pow(${full}, 3)`,
    llm_ttft_p95_seconds: `0.35 + 1.1 * pow(${full}, 3)`,
    llm_ttft_p99_seconds: `0.6 + 2.4 * pow(${full}, 3)`,
    llm_inter_token_p50_seconds: `0.019 + 0.008 * pow(${full}, 2)`,
    llm_inter_token_p95_seconds: `0.028 + 0.02 * pow(${full}, 2)`,
    llm_inter_token_p99_seconds: `0.041 + 0.05 * pow(${full}, 2)`,
    serving_queue_time_seconds: `0.02 + 1.2 * pow(${full}, 3)`,
    llm_prefill_seconds: `0.14 + 0.1 * ${full}`,
    llm_decode_seconds: `2.6 + 1.4 * pow(${full}, 2)`,
    llm_queue_depth: `round(14 * pow(${full}, 3))`,
    llm_kv_cache_ratio: `0.35 + 0.6 * ${full}`,
    llm_preemptions_per_second: `0.4 * pow(${full}, 6)`,
    llm_output_tokens_per_second: `${model.perSecond * 180} * ${BUSY}`,
  };
}

/** Buckets of the time to the first token as vLLM counts them: they only rise. */
function firstTokenStatement(model: FleetModel): string {
  const bounds = '[0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 10, inf]';
  const middle = `0.16 + 0.5 * pow(greatest(0, sin(n / 57.)) * ${model.gpu}, 3)`;
  return `INSERT INTO serving_samples (measure, runtime, model, version, part, outcome, series, le, ts, value)
    SELECT 'ttft_bucket', 'vllm', '${model.name}', '', '', '', 1, le, minute, sum(c) OVER (PARTITION BY le ORDER BY minute)
    FROM (SELECT minute, arrayJoin(${bounds}) AS le, ${model.perSecond} * 60 * if(isFinite(le), 1 / (1 + pow(le / (${middle}), -2.6)), 1) AS c FROM ${MINUTES})`;
}

function signalStatements(model: FleetModel): readonly string[] {
  const noisy = Object.entries(valuesOf(model)).map(([signal, value]) =>
    signalStatement(signal, model.name, "'', '', ''", jitter(value, `${model.name}${signal}`, 0.03)),
  );
  const exact: Readonly<Record<string, string>> = {
    slo_latency_p99_seconds: String(model.slo),
    slo_error_ratio: '0.01',
    slo_accuracy: String(model.accuracy - 0.05),
    drifted_features: model.drift > 0.2 ? 'toFloat64(2 + (n > 150) + (n > 220))' : model.drift > 0.1 ? '1' : '0',
    drift_alarms: model.drift > 0.2 ? 'toFloat64(n > 150)' : '0',
    feature_incidents: model.drift > 0.2 ? 'toFloat64(n > 230)' : '0',
    model_age_seconds: `${model.ageDays * 86_400} + n * 60`,
    cost_per_hour_usd: String(model.costPerHour),
  };
  return [
    ...noisy,
    ...Object.entries(exact).map(([signal, value]) => signalStatement(signal, model.name, "'', '', ''", value)),
  ];
}

/** Thirty days of hours, with two bad hours for some. */
function longStatements(model: FleetModel): readonly string[] {
  const bad = `if(intDiv(toUInt32(minute), 3600) % 331 = ${model.name.length * 7}, 12, 1)`;
  const burn = (signal: string, value: string): string =>
    signalStatement(
      signal,
      model.name,
      "'', '', ''",
      jitter(value, `${model.name}${signal}`, 0.4),
      `(SELECT * FROM ${HOURS} WHERE minute < ${START}) AS hours`,
    );
  return [
    `INSERT INTO service_per_hour
     SELECT '${model.name}', '1', '', minute, toUInt64(${model.perSecond * 3600} * ${BUSY}) AS requests,
       toUInt64(round(${jitter(`requests * ${model.errors} * ${bad}`, `${model.name} hour`, 0.4)})), requests,
       quantilesDDState(0.01, 0.5, 0.95, 0.99)(${model.p99 * 1000} * exp(0.55 * ((sipHash64(toUInt32(minute), draw) % 1000) / 200. - 2.5) - 1)), requests, requests * 0.31
     FROM ${HOURS} CROSS JOIN (SELECT number AS draw FROM numbers(40)) AS draws GROUP BY minute`,
    burn('error_budget_burn_1h', `${model.errors * 100} * ${bad}`),
    burn('error_budget_burn_6h', `${model.errors * 100} * sqrt(${bad})`),
    burn('latency_budget_burn_1h', `0.3 * ${bad}`),
    burn('latency_budget_burn_6h', `0.3 * sqrt(${bad})`),
  ];
}
