import type { AlertMessage } from '../store/queries/outbox.ts';

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

/** Tells one receiver about alerts. It classifies what happened and never repeats an attempt itself. */
export interface Notifier {
  /** Name of the target in the outbox, in metrics and in logs. */
  readonly id: string;
  /** Messages a second that the receiver bears in the long run, and how many at once. */
  readonly rate: { readonly perSecond: number; readonly burst: number };
  deliver(message: AlertMessage, signal: AbortSignal): Promise<Delivery>;
}
