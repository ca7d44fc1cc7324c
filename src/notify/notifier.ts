import type { AlertMessage, ChangeMessage, RetrainMessage } from '../store/queries/outbox.ts';

export type FailureReason = 'auth' | 'rate_limited' | 'client' | 'server' | 'timeout';

/** What became of one attempt. `detail` is for people and holds no secret. */
export type Delivery =
  | { readonly ok: true }
  | {
      readonly ok: false;
      readonly retryable: boolean;
      readonly reason: FailureReason;
      readonly detail: string;
      /** How long the receiver asked to be left alone. */
      readonly retryAfterMs?: number;
    };

interface Target {
  /** Name of the target in the outbox, in metrics and in logs. */
  readonly id: string;
  /** Messages a second that the receiver bears in the long run, and how many at once. */
  readonly rate: { readonly perSecond: number; readonly burst: number };
}

/** Tells one receiver about alerts. It classifies what happened and never repeats an attempt itself. */
export interface Notifier extends Target {
  deliver(message: AlertMessage, signal: AbortSignal): Promise<Delivery>;
  /** Tells of a deploy or another change; absent where the receiver has no place for it. */
  deliverChange?(message: ChangeMessage, signal: AbortSignal): Promise<Delivery>;
}

/** Asks one training system to retrain. The same request sent twice must start one run where the system can tell. */
export interface RetrainTarget extends Target {
  start(message: RetrainMessage, signal: AbortSignal): Promise<Delivery>;
}

/** Anything that the outbox delivers to. */
export type Courier = Notifier | RetrainTarget;
