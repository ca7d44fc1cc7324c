import { AppError } from '../../core/errors.ts';
import { unitOf } from '../../signals/catalogue.ts';
import type { SignalUnit } from '../../signals/signal-definition.ts';
import { driftBefore, type FeatureDrift } from '../../store/queries/drift-read.ts';
import {
  affectedPredictions,
  type ChangeEvent,
  changeEvents,
  type Episode,
  episodes,
  gpuSources,
} from '../../store/queries/evidence.ts';
import { modelSignals } from '../../store/queries/signals-read.ts';
import type { Store } from '../../store/store.ts';
import { type ReproducibleSql, reproducibleSql } from './reproducible-sql.ts';
import { isSimulated } from './simulated.ts';

/** One signal around the onset of an incident; times in epoch ms. */
export interface SignalTrace {
  readonly signal: string;
  readonly unit: SignalUnit;
  /** True when the series or its source says that it is not real. */
  readonly simulated: boolean;
  readonly points: readonly (readonly [number, number])[];
}

/** An episode of an alert with what was seen around it. */
export interface Incident {
  readonly episode: Episode;
  /** The range the signals are shown for, epoch ms. */
  readonly shown: { readonly fromMs: number; readonly toMs: number };
  readonly signals: readonly SignalTrace[];
  /** Changes in the two hours before the first true minute, newest first. */
  readonly changes: readonly ChangeEvent[];
  /** The last closed drift window before the onset, worst feature first. */
  readonly drift: readonly FeatureDrift[];
  readonly affected: { readonly predictions: number; readonly errors: number; readonly simulated: number };
  /** What of it is not real, in words; empty when nothing says so. */
  readonly simulated: readonly string[];
  /** Units of the signals of the rule. */
  readonly units: Readonly<Record<string, SignalUnit>>;
  readonly sql: readonly ReproducibleSql[];
}

const HOUR_MS = 3_600_000;
const SHOWN_BEFORE_MS = HOUR_MS;
const SHOWN_AFTER_MS = HOUR_MS / 2;
const CHANGES_BEFORE_MS = 2 * HOUR_MS;
const LONGEST_SHOWN_MS = 24 * HOUR_MS;
const TOP_FEATURES = 10;

/** What an incident shows besides business metrics, in this order. */
const EVIDENCE_SIGNALS = [
  'requests_per_second',
  'error_ratio',
  'latency_p99_seconds',
  'latency_p50_seconds',
  'slo_latency_p99_seconds',
  'gpu_utilization_ratio',
  'gpu_memory_used_ratio',
  'drift_score',
  'prediction_psi',
  'retrain_outcome',
  'accuracy',
  'mae',
] as const;

/**
 * Returns an incident with its evidence.
 *
 * @param nowMs  Where an incident that is still open ends, epoch ms.
 * @throws E_NOT_FOUND when no alert has fired under that id
 */
export async function loadIncident(store: Store, id: string, nowMs: number): Promise<Incident> {
  const byId = { model: '', id, from: 0, to: END_OF_TIME_MS, limit: 1 };
  const episode = (await store.query(episodes, byId))[0];
  if (id === '' || episode === undefined) throw new AppError('E_NOT_FOUND', `There is no incident ${id}.`);
  const endMs = Math.max(
    episode.firing_ms,
    Math.min(episode.resolved_ms === 0 ? nowMs : episode.resolved_ms, episode.firing_ms + LONGEST_SHOWN_MS),
  );
  const { model, pending_ms: onsetMs } = episode;
  const shown = { fromMs: onsetMs - SHOWN_BEFORE_MS, toMs: endMs + SHOWN_AFTER_MS };
  const around = { model, signals: EVIDENCE_SIGNALS, from: shown.fromMs, to: shown.toMs };
  const before = { model, from: onsetMs - CHANGES_BEFORE_MS, to: onsetMs + 1, limit: 20 };
  const drifted = { model, at: onsetMs, top: TOP_FEATURES };
  const during = { model, from: onsetMs, to: endMs };
  const [traces, changes, drift, affected, sources] = await Promise.all([
    store.query(modelSignals, around),
    store.query(changeEvents, before),
    store.query(driftBefore, drifted),
    store.query(affectedPredictions, during),
    store.query(gpuSources, { model, from: shown.fromMs, to: shown.toMs }),
  ]);
  const counts = affected[0] ?? { predictions: 0, errors: 0, simulated: 0 };
  const places = [
    ...sources.map(({ gpu }) => gpu),
    ...sources.map(({ pod }) => pod),
    ...sources.map(({ node }) => node),
  ];
  const simulatedGpus = [...new Set(places)].filter((name) => isSimulated(name));
  return {
    episode,
    shown,
    signals: traces.map((trace) => toTrace(trace, simulatedGpus)).toSorted(bySignal),
    changes,
    drift,
    affected: counts,
    simulated: simulatedParts({ episode, counts, simulatedGpus, traces }),
    units: Object.fromEntries(Object.keys(episode.values).map((name) => [name, unitOf(name) ?? 'number'])),
    sql: [
      reproducibleSql('The alert and its transitions', episodes, byId),
      reproducibleSql('Signals around it', modelSignals, around),
      reproducibleSql('Changes in the two hours before', changeEvents, before),
      reproducibleSql('Drift at the onset', driftBefore, drifted),
      reproducibleSql('Predictions affected', affectedPredictions, during),
    ],
  };
}

export const END_OF_TIME_MS = 4_102_444_800_000;

function toTrace(
  { signal, points }: Pick<SignalTrace, 'signal' | 'points'>,
  simulatedGpus: readonly string[],
): SignalTrace {
  const simulated = isSimulated(signal) || (simulatedGpus.length > 0 && signal.startsWith('gpu_'));
  return { signal, unit: unitOf(signal) ?? 'number', simulated, points };
}

function simulatedParts(input: {
  readonly episode: Episode;
  readonly counts: Incident['affected'];
  /** Names of GPUs, pods and nodes that say so. */
  readonly simulatedGpus: readonly string[];
  readonly traces: readonly { readonly signal: string }[];
}): readonly string[] {
  const { episode, counts, simulatedGpus, traces } = input;
  const restsOnGpu = Object.keys(episode.values).some((name) => name.startsWith('gpu_'));
  const signals = traces.map(({ signal }) => signal).filter((name) => isSimulated(name));
  return [
    ...(simulatedGpus.length > 0 && restsOnGpu ? [`the GPU telemetry comes from ${simulatedGpus.join(', ')}`] : []),
    ...(counts.simulated > 0
      ? [`${counts.simulated} of the ${counts.predictions} predictions say so of themselves`]
      : []),
    ...signals.map((signal) => `the series ${signal}`),
  ];
}

function bySignal(a: SignalTrace, b: SignalTrace): number {
  const order: readonly string[] = EVIDENCE_SIGNALS;
  const rank = (name: string): number => (order.includes(name) ? order.indexOf(name) : order.length);
  return rank(a.signal) - rank(b.signal) || a.signal.localeCompare(b.signal);
}
