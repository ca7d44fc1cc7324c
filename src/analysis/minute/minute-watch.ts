import { groupBy } from '../../core/group-by.ts';
import { alarmBudget } from '../../stats/alarm-budget.ts';
import {
  MINUTE_DETECTORS,
  type MinuteCurrent,
  type MinuteIncident,
  minuteIncident,
  type MinuteReference,
} from '../../stats/minute-incident.ts';
import {
  bucketFacts,
  type BucketFactsRow,
  minuteFacts,
  type MinuteFactsRow,
  referenceFacts,
  type ReferenceFactsRow,
} from '../../store/queries/minute-facts.ts';
import { windowRequests } from '../../store/queries/window-requests.ts';
import type { Row, Store } from '../../store/store.ts';
import { BUDGET_SHARES } from './budget-shares.ts';
import type { DriftPlan, KeyedPlan } from './drift-plan.ts';
import { isPrediction } from './prediction-features.ts';
import type { ReferenceRequests, Requests } from './reference-requests.ts';

interface Known {
  readonly key: number;
  readonly referenceVersion: number;
  readonly features: ReadonlyMap<string, ReferenceFactsRow>;
  readonly requests: readonly Requests[];
}

const MINUTES_MS = 120_000;
const HOUR_MS = 3_600_000;
/** How far back a suspicion is compared with what the feature was like for minutes. */
const HISTORY_MS = 8 * 24 * HOUR_MS;
const HOURS_OF_A_LOOK = 1 / 60;
/** Records of a model that are read in one look, about. */
const SAMPLE_ROWS = 2000;
/** `final` of rows in drift_results that no window stands behind. */
const MINUTE_ROW = 2;

/** Looks each minute for what cannot wait for a window: features gone null or constant, other units, unseen values. */
export class MinuteWatch {
  readonly #store: Store;
  readonly #requests: ReferenceRequests;
  readonly #known = new Map<string, Known>();

  constructor(options: { readonly store: Store; readonly requests: ReferenceRequests }) {
    this.#store = options.store;
    this.#requests = options.requests;
  }

  /**
   * Judges the last two minutes of all models from a sample of their records and stores what is wrong.
   *
   * @param plans  With the keys of their newest profiles.
   */
  async run(plans: readonly KeyedPlan[], minuteEndMs: number, nowMs: number): Promise<void> {
    const [from, to] = [(minuteEndMs - MINUTES_MS) / 1000, minuteEndMs / 1000];
    const counts = await this.#store.query(windowRequests, {
      models: plans.map(({ plan }) => plan.model),
      from,
      to,
      window: MINUTES_MS / 1000,
    });
    const requests = new Map(counts.map((row) => [row.model, row.requests]));
    const live = plans.filter(({ plan }) => requests.has(plan.model));
    if (live.length === 0) return;
    await this.#learn(live, minuteEndMs);
    const facts = await this.#store.query(minuteFacts, {
      models: live.map(({ plan }) => plan.model),
      one_in: live.map(({ plan }) => Math.ceil((requests.get(plan.model) ?? 1) / SAMPLE_ROWS)),
      from,
      to,
    });
    const byModel = groupBy(facts, ({ model }) => model);
    const results: Row[] = [];
    const signals: Row[] = [];
    for (const { plan } of live) {
      const suspected = this.#judge(plan, byModel.get(plan.model) ?? []);
      const found = await this.#confirm(plan, suspected, minuteEndMs);
      results.push(...found.map((incident) => resultRow({ plan, incident, minuteEndMs, nowMs })));
      signals.push(...signalRows({ plan, found, minuteEndMs, nowMs }));
    }
    await this.#store.insert('drift_results', results);
    await this.#store.insert('signals', signals);
  }

  /** Forgets the reference of a model: it was replaced, or rows came late into it. */
  forget(model: string): void {
    this.#known.delete(model);
  }

  /** Reads the references that have changed since they were last read. */
  async #learn(plans: readonly KeyedPlan[], minuteEndMs: number): Promise<void> {
    const unknown = plans.filter(({ plan, key }) => {
      const known = this.#known.get(plan.model);
      return known?.key !== key || known.referenceVersion !== plan.referenceVersion;
    });
    if (unknown.length === 0) return;
    const rows = await this.#store.query(referenceFacts, {
      models: unknown.map(({ plan }) => plan.model),
      keys: unknown.map(({ key }) => key),
    });
    const byModel = groupBy(rows, ({ model }) => model);
    for (const alike of groupBy(unknown, ({ plan }) => plan.windowMs).values()) {
      const requests = await this.#requests.of(alike, { fromMs: minuteEndMs, toMs: minuteEndMs });
      for (const { plan, key } of alike) {
        this.#known.set(plan.model, {
          key,
          referenceVersion: plan.referenceVersion,
          features: new Map((byModel.get(plan.model) ?? []).map((row) => [row.feature, row])),
          requests: requests.get(plan.model) ?? [],
        });
      }
    }
  }

  #judge(plan: DriftPlan, facts: readonly MinuteFactsRow[]): readonly Incident[] {
    const known = this.#known.get(plan.model);
    const records = facts.find(({ feature }) => feature === '');
    if (known === undefined || records === undefined) return [];
    const present = new Map(facts.map((row) => [row.feature, row]));
    const watched = [...known.features.values()].filter(
      ({ feature }) => plan.features === undefined || isPrediction(feature) || plan.features.includes(feature),
    );
    const q = alarmBudget({
      budgetPerMonth: plan.falseAlarmsPerMonth,
      share: BUDGET_SHARES.minute,
      windowHours: HOURS_OF_A_LOOK,
    });
    const alpha = q / Math.max(1, watched.length * MINUTE_DETECTORS);
    return watched.flatMap((reference) => {
      const row = present.get(reference.feature);
      const ofPrediction = isPrediction(reference.feature);
      const rows = Math.max(ofPrediction ? records.ok : records.n, row?.n ?? 0);
      const current = {
        rows,
        n: row?.n ?? 0,
        distinct: row?.distinct ?? 0,
        quartiles: row?.quartiles ?? [],
        outside: row?.outside ?? 0,
        examples: row?.examples ?? [],
      };
      const before = toReference(reference, known.requests);
      const found = minuteIncident(before, current, alpha);
      return found === undefined ? [] : [{ ...found, reference, before, current, alpha }];
    });
  }

  /** Drops what the feature was like for minutes of the last days, too: the hour of the day is constant in each. */
  async #confirm(plan: DriftPlan, suspected: readonly Incident[], minuteEndMs: number): Promise<readonly Incident[]> {
    if (suspected.length === 0) return [];
    const rows = await this.#store.query(bucketFacts, {
      model: plan.model,
      features: suspected.map(({ reference }) => reference.feature),
      from: (minuteEndMs - HISTORY_MS) / 1000,
      to: (minuteEndMs - HOUR_MS) / 1000,
    });
    const history = new Map(rows.map((row) => [row.feature, row]));
    return suspected.flatMap((incident) => {
      const { reference, before, current, alpha } = incident;
      const row = history.get(reference.feature);
      if (row === undefined) return [incident];
      const found = minuteIncident(withHistory(before, row), current, alpha);
      return found === undefined ? [] : [{ ...incident, ...found }];
    });
  }
}

type Incident = MinuteIncident & {
  readonly reference: ReferenceFactsRow;
  readonly before: MinuteReference;
  readonly current: MinuteCurrent;
  readonly alpha: number;
};

function withHistory(reference: MinuteReference, row: BucketFactsRow): MinuteReference {
  return {
    ...reference,
    worstMissingShare: Math.max(reference.worstMissingShare, row.missing_share),
    topShare: Math.max(reference.topShare, row.top_share),
    worstLowShare: Math.max(reference.worstLowShare, row.low_share),
    worstHighShare: Math.max(reference.worstHighShare, row.high_share),
    worstOutsideShare: Math.max(reference.worstOutsideShare, row.outside_share),
  };
}

function toReference(row: ReferenceFactsRow, requests: readonly Requests[]): MinuteReference {
  const values = row.window_values;
  // A feature may be younger than the reference: its windows are the last ones.
  const totals = requests.slice(-values.length);
  const shares = totals.map((counts, index) => {
    const all = isPrediction(row.feature) ? counts.ok : counts.all;
    return all === 0 ? 0 : Math.max(0, 1 - (values[index] ?? 0) / all);
  });
  const quartiles = row.quartiles.filter((quartile): quartile is number => quartile !== null);
  return {
    n: row.n,
    worstMissingShare: Math.max(0, ...shares),
    topShare: row.top_share,
    worstLowShare: row.worst_low_share,
    worstHighShare: row.worst_high_share,
    quartiles: quartiles.length === row.quartiles.length ? quartiles : [],
    worstOutsideShare: Math.max(row.worst_outside_share, row.n === 0 ? 0 : row.outside / row.n),
  };
}

function resultRow(input: {
  readonly plan: DriftPlan;
  readonly incident: Incident;
  readonly minuteEndMs: number;
  readonly nowMs: number;
}): Row {
  const { plan, incident, minuteEndMs, nowMs } = input;
  const { reference, detector, level, p, reason, alpha } = incident;
  const { rows, n, outside } = incident.current;
  return {
    model: plan.model,
    version: '',
    feature: reference.feature,
    segment: '',
    kind: reference.kind,
    window_from: (minuteEndMs - MINUTES_MS) / 1000,
    window_to: minuteEndMs / 1000,
    final: MINUTE_ROW,
    reference_version: plan.referenceVersion,
    n_reference: reference.n,
    n_current: n,
    missing_reference: 0,
    missing_current: rows === 0 ? 0 : (rows - n) / rows,
    unseen: n === 0 ? 0 : outside / n,
    psi: 'nan',
    psi_noise: 'nan',
    psi_corrected: 'nan',
    ks: 'nan',
    ks_error: 'nan',
    ks_corrected: 'nan',
    p_value: p,
    p_adjusted: 'nan',
    js_distance: 'nan',
    level,
    reason,
    explain: JSON.stringify({
      detector,
      p,
      alpha,
      rows,
      values: n,
      outside,
      reference: { ...plan.reference, reference_version: plan.referenceVersion },
      query: { name: minuteFacts.name, sql: minuteFacts.sql },
    }),
    evaluated_at: new Date(nowMs).toISOString(),
  };
}

/** How many features have an incident, and a 1 for each that has. */
function signalRows(input: {
  readonly plan: DriftPlan;
  readonly found: readonly Incident[];
  readonly minuteEndMs: number;
  readonly nowMs: number;
}): readonly Row[] {
  const { plan, found, minuteEndMs, nowMs } = input;
  const base = {
    t: minuteEndMs / 1000 - 60,
    signal: 'feature_incidents',
    model: plan.model,
    version: '',
    segment: '',
    gpu: '',
    state: 'ok',
    evaluated_at: new Date(nowMs).toISOString(),
  };
  return [
    { ...base, feature: '', value: found.length },
    ...found
      .filter(({ reference }) => !isPrediction(reference.feature))
      .map(({ reference }) => ({ ...base, feature: reference.feature, value: 1 })),
  ];
}
