import type { Telemetry } from '../telemetry/telemetry.ts';
import { alertMessageSchema, type OutboxEntry } from '../store/queries/outbox.ts';
import type { Delivery, Notifier } from './notifier.ts';

/** Tries one entry of the outbox once, inside a span, and returns what became of it. Never throws. */
export async function attemptDelivery(options: {
  readonly notifier: Notifier;
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

async function deliver(notifier: Notifier, entry: OutboxEntry, signal: AbortSignal): Promise<Delivery> {
  const message = alertMessageSchema.safeParse(parseJson(entry.body));
  if (!message.success)
    return { ok: false, retryable: false, reason: 'client', detail: 'the stored message cannot be read' };
  try {
    return await notifier.deliver(message.data, signal);
  } catch (error) {
    // A notifier returns what goes wrong; one that throws must not stop the messages of others, and its text is not trusted.
    const name = error instanceof Error ? error.name : 'unknown fault';
    return { ok: false, retryable: true, reason: 'server', detail: `the notifier itself failed: ${name}` };
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON is the same to the caller as JSON of another shape.
    return undefined;
  }
}
