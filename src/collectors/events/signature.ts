import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

const MLFLOW_TOLERANCE_MS = 300_000;

/**
 * Returns whether X-Hub-Signature-256 is the signature of the body.
 *
 * @see GitHub, validating webhook deliveries
 */
export function isGithubSignature(header: string | undefined, body: Buffer, secret: string): boolean {
  return header !== undefined && isSame(header, `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`);
}

/**
 * Returns whether X-MLflow-Signature is the signature of delivery, time and body, and the time within five minutes.
 *
 * @see MLflow, mlflow/webhooks/delivery.py
 */
export function isMlflowSignature(options: {
  readonly signature: string | undefined;
  readonly delivery: string | undefined;
  readonly timestamp: string | undefined;
  readonly body: Buffer;
  readonly secret: string;
  readonly nowMs: number;
}): boolean {
  const { signature, delivery, timestamp, body, secret, nowMs } = options;
  if (signature === undefined || delivery === undefined || timestamp === undefined) return false;
  if (!(Math.abs(Number(timestamp) * 1000 - nowMs) <= MLFLOW_TOLERANCE_MS)) return false;
  const digest = createHmac('sha256', secret).update(`${delivery}.${timestamp}.`).update(body).digest('base64');
  return isSame(signature, `v1,${digest}`);
}

/** Returns whether two secrets are the same, in a time that tells nothing about where they differ. */
export function isSame(given: string | undefined, known: string): boolean {
  return given !== undefined && timingSafeEqual(digestOf(given), digestOf(known));
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
