/** The model that is in trouble, and what of it the pictures show: its GPU is full since 10:05, five minutes after a deploy. */
export const PREFERRED = { model: 'late-flights', feature: 'distance' } as const;

/** What an invented model is like when all is well. */
export interface FleetModel {
  readonly name: string;
  readonly perSecond: number;
  readonly errors: number;
  readonly p99: number;
  readonly slo: number;
  readonly accuracy: number;
  readonly drift: number;
  readonly gpu: number;
  readonly costPerHour: number;
  readonly ageDays: number;
  readonly isLlm?: boolean;
}

/** The invented fleet. */
export const MODELS: readonly FleetModel[] = [
  {
    name: 'late-flights',
    perSecond: 42,
    errors: 0.004,
    p99: 0.11,
    slo: 0.2,
    accuracy: 0.87,
    drift: 0.03,
    gpu: 0.62,
    costPerHour: 7.2,
    ageDays: 9,
  },
  {
    name: 'card-fraud',
    perSecond: 118,
    errors: 0.001,
    p99: 0.045,
    slo: 0.1,
    accuracy: 0.96,
    drift: 0.31,
    gpu: 0.38,
    costPerHour: 3.6,
    ageDays: 41,
  },
  {
    name: 'search-rank',
    perSecond: 230,
    errors: 0.002,
    p99: 0.08,
    slo: 0.15,
    accuracy: 0.81,
    drift: 0.05,
    gpu: 0.71,
    costPerHour: 14.4,
    ageDays: 3,
  },
  {
    name: 'ad-clicks',
    perSecond: 310,
    errors: 0.003,
    p99: 0.03,
    slo: 0.05,
    accuracy: 0.74,
    drift: 0.12,
    gpu: 0.55,
    costPerHour: 10.8,
    ageDays: 6,
  },
  {
    name: 'eta',
    perSecond: 64,
    errors: 0.012,
    p99: 0.14,
    slo: 0.25,
    accuracy: 0.89,
    drift: 0.04,
    gpu: 0.41,
    costPerHour: 3.6,
    ageDays: 15,
  },
  {
    name: 'churn',
    perSecond: 4,
    errors: 0,
    p99: 0.19,
    slo: 0.5,
    accuracy: 0.83,
    drift: 0.02,
    gpu: 0.06,
    costPerHour: 3.6,
    ageDays: 63,
  },
  {
    name: 'support-chat',
    perSecond: 9,
    errors: 0.006,
    p99: 2.8,
    slo: 4,
    accuracy: 0.9,
    drift: 0.06,
    gpu: 0.83,
    costPerHour: 28.8,
    ageDays: 22,
    isLlm: true,
  },
  {
    name: 'code-helper',
    perSecond: 5,
    errors: 0.002,
    p99: 3.4,
    slo: 4,
    accuracy: 0.88,
    drift: 0.03,
    gpu: 0.68,
    costPerHour: 28.8,
    ageDays: 12,
    isLlm: true,
  },
];
