import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { ProfileId } from '../../analysis/drift/profiles/profile.ts';
import type { DriftReport } from '../../analysis/drift/report.ts';
import type { WindowUnit } from '../../analysis/drift/windows.ts';
import type { PredictionTask } from '../../analysis/performance.ts';
import type { Clock } from '../../core/clock.ts';
import type { Store } from '../../store/store.ts';
import type { guard } from '../auth.ts';

/** What the read routes and the pages need. */
export interface ReadDependencies {
  readonly store: Store;
  /** Time of the service; what "now" means where a request gives no end. */
  readonly clock: Clock;
  readonly models: readonly ConfiguredModel[];
  readonly driftForRange: (options: DriftRequest) => Promise<DriftReport>;
  readonly guard: ReturnType<typeof guard>;
}

/** What the configuration says about a model. */
export interface ConfiguredModel {
  readonly name: string;
  readonly owner?: string | undefined;
  readonly task?: PredictionTask | undefined;
  readonly slo?: Objectives | undefined;
}

/** Objectives of a model: seconds, ratios 0..1, and the unit of the label for mae. */
export interface Objectives {
  readonly latency_p50_seconds?: number | undefined;
  readonly latency_p95_seconds?: number | undefined;
  readonly latency_p99_seconds?: number | undefined;
  readonly error_ratio?: number | undefined;
  readonly accuracy?: number | undefined;
  readonly auc?: number | undefined;
  readonly mae?: number | undefined;
}

/** A drift comparison of one model over a range. */
export interface DriftRequest {
  readonly model: string;
  readonly version?: string | undefined;
  /** Absent: a begin that suits the reference, not before `firstMs`. */
  readonly fromMs?: number | undefined;
  /** The model's first prediction. */
  readonly firstMs?: number | undefined;
  readonly toMs: number;
  readonly window?: WindowUnit | undefined;
  readonly profile?: ProfileId | undefined;
  /** Shows beside what every other profile says. */
  readonly compareProfiles?: boolean | undefined;
  /** Name of a segment or feature by whose values the same is said again. */
  readonly segment?: string | undefined;
  /** Features that are categories, or numbers, whatever they look like. */
  readonly categorical?: readonly string[] | undefined;
  readonly numeric?: readonly string[] | undefined;
  /** False alarms a month; those of the configuration when absent. */
  readonly budgetPerMonth?: number | undefined;
}

/** Returns the server with routes typed by their zod schemas. */
export function typed(app: FastifyInstance) {
  return app.withTypeProvider<ZodTypeProvider>();
}
