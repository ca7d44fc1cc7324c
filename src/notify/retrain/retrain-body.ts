import type { RetrainMessage } from '../../store/queries/outbox.ts';

/** Returns what a training system is told: who, why, and the evidence; at most 16 kB, else the evidence is left out. */
export function retrainBody(message: RetrainMessage): RetrainBody {
  const { id, model, version, reason, evidence } = message;
  const requestedAt = new Date(message.requestedMs).toISOString();
  const fits = Buffer.byteLength(JSON.stringify(evidence)) <= EVIDENCE_LIMIT_BYTES;
  const bundle = fits ? evidence : { cut: 'The evidence was too large; ask GET /v1/retrain for it.' };
  return { request_id: id, model, version, reason, requested_at: requestedAt, evidence: bundle };
}

export interface RetrainBody {
  readonly request_id: string;
  readonly model: string;
  readonly version: string;
  readonly reason: string;
  readonly requested_at: string;
  readonly evidence: Readonly<Record<string, unknown>>;
}

/** Returns the CloudEvent of a request. @see CloudEvents 1.0, JSON format */
export function retrainEvent(message: RetrainMessage): Readonly<Record<string, unknown>> {
  const data = retrainBody(message);
  return {
    specversion: '1.0',
    id: message.id,
    source: 'plumbline',
    type: RETRAIN_TYPE,
    subject: message.model,
    time: data.requested_at,
    datacontenttype: 'application/json',
    data,
  };
}

export const RETRAIN_TYPE = 'plumbline.model.retrain.requested';

/** Returns a request's id as Kubernetes takes it for a name: lower case, digits and dashes, at most 63. */
export function retrainName(message: RetrainMessage): string {
  const text = `retrain-${message.model}-${message.id}`.toLowerCase().replaceAll(/[^a-z0-9-]+/g, '-');
  return text.length <= 63 ? text : `retrain-${message.id}`;
}

const EVIDENCE_LIMIT_BYTES = 16_000;
