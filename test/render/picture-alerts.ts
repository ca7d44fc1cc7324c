import type { Row } from '../../src/store/store.ts';

const DAY = 86_400_000;
const MINUTE = 60_000;

const RULES = [
  {
    alert: 'GpuSaturatedAndLatencySloBreached',
    severity: 'critical',
    minutes: 22,
    everyHours: 61,
    summary: 'GPU full and p99 over its objective',
  },
  {
    alert: 'FeatureDriftAndQualityDown',
    severity: 'warning',
    minutes: 180,
    everyHours: 97,
    summary: 'inputs have moved and accuracy fell',
  },
  {
    alert: 'FeatureGoneNull',
    severity: 'critical',
    minutes: 35,
    everyHours: 113,
    summary: 'a feature is null in most predictions',
  },
  { alert: 'LabelsLate', severity: 'info', minutes: 90, everyHours: 29, summary: 'labels arrive later than usual' },
  {
    alert: 'ErrorBudgetBurnsFast',
    severity: 'critical',
    minutes: 14,
    everyHours: 143,
    summary: 'errors use up the budget fourteen times too fast',
  },
  { alert: 'ModelStale', severity: 'warning', minutes: 600, everyHours: 211, summary: 'no retraining for thirty days' },
] as const;

/** Returns thirty days of alerts, some of which came back and some of which still fire. */
export function alertRows(toMs: number, models: readonly string[]): readonly Row[] {
  const rows: Row[] = [];
  for (const [place, rule] of RULES.entries()) {
    for (let hour = rule.everyHours, turn = 0; hour < 720; hour += rule.everyHours, turn += 1) {
      const firedMs = toMs - 30 * DAY + hour * 60 * MINUTE + place * 11 * MINUTE;
      const model = models[(turn * 3 + place) % models.length] ?? '';
      const episode = `${rule.alert}-${turn}`;
      const base = { alert: rule.alert, scope_key: model, model, severity: rule.severity, episode };
      const row = (atMs: number, transition: string, summary: string): void => {
        rows.push({ ...base, at: iso(atMs), transition, summary, written_at: iso(atMs) });
      };
      row(firedMs - 5 * MINUTE, 'pending', '');
      if (turn % 5 === 4) {
        row(firedMs, 'cancelled', '');
        continue;
      }
      row(firedMs, 'firing', rule.summary);
      if (turn % 3 === 2) row(firedMs + 6 * MINUTE, 'firing_again', rule.summary);
      row(firedMs + rule.minutes * MINUTE * (1 + (turn % 2)), 'resolved', '');
    }
  }
  return [...rows, ...openAlerts(toMs)];
}

function openAlerts(toMs: number): readonly Row[] {
  const open = [
    {
      alert: 'GpuSaturatedAndLatencySloBreached',
      model: 'late-flights',
      severity: 'critical',
      minutes: 42,
      summary: 'GPU full and p99 over its objective',
    },
    {
      alert: 'FeatureDriftAndQualityDown',
      model: 'card-fraud',
      severity: 'warning',
      minutes: 170,
      summary: 'inputs have moved and accuracy fell',
    },
  ];
  return open.map(({ alert, model, severity, minutes, summary }) => {
    const at = iso(toMs - minutes * MINUTE);
    return {
      at,
      alert,
      scope_key: model,
      model,
      transition: 'firing',
      severity,
      episode: `open-${alert}`,
      summary,
      written_at: at,
    };
  });
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
