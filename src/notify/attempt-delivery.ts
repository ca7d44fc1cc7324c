import type { Telemetry } from '../telemetry/telemetry.ts';
import {
  alertMessageSchema,
  changeMessageSchema,
  type OutboxEntry,
  retrainMessageSchema,
} from '../store/queries/outbox.ts';
import type { Courier, Delivery } from './notifier.ts';

/** Tries one entry of the outbox once, inside a span, and returns what became of it. Never throws. */
export async function attemptDelivery(options: {
  readonly notifier: Courier;
  readonly entry: OutboxEntry;
  readonly signal: AbortSignal;
  readonly telemetry: Telemetry;
}): Promise<Delivery> {
  const { notifier, entry, signal, telemetry } = options;
  return telemetry.observe('notify', 'deliver', async (span) => {
    span.setAttributes({
      target: entry.target,
      dedup_key: entry.dedupKey,
      action: entry.action,
      attempt: entry.attempts + 1,
    });
    const delivery = await deliver(notifier, entry, signal);
    span.setAttribute('outcome', delivery.ok ? 'delivered' : delivery.reason);
    return delivery;
  });
}

async function deliver(courier: Courier, entry: OutboxEntry, signal: AbortSignal): Promise<Delivery> {
  const sending = sendingOf(courier, parseJson(entry.body), signal);
  if (sending === undefined)
    return { ok: false, retryable: false, reason: 'client', detail: 'the stored message cannot be read' };
  try {
    return await sending();
  } catch (error) {
    // A notifier returns what goes wrong; one that throws must not stop the messages of others, and its text is not trusted.
    const name = error instanceof Error ? error.name : 'unknown fault';
    return { ok: false, retryable: true, reason: 'server', detail: `the notifier itself failed: ${name}` };
  }
}

/** Returns how a body is sent to a target, or undefined when the target has no use for it. */
function sendingOf(courier: Courier, body: unknown, signal: AbortSignal): (() => Promise<Delivery>) | undefined {
  if ('start' in courier) {
    const request = retrainMessageSchema.safeParse(body);
    return request.success ? () => courier.start(request.data, signal) : undefined;
  }
  const change = changeMessageSchema.safeParse(body);
  if (change.success) {
    const send = courier.deliverChange?.bind(courier);
    return send && (() => send(change.data, signal));
  }
  const message = alertMessageSchema.safeParse(body);
  return message.success ? () => courier.deliver(message.data, signal) : undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON is the same to the caller as JSON of another shape.
    return undefined;
  }
}
