import type { AlertMessage, OutboxEntry } from '../../src/store/queries/outbox.ts';

/** Returns a message, with what a test is about changed. */
export function messageOf(change: Partial<AlertMessage> = {}): AlertMessage {
  return {
    action: 'trigger',
    alert: 'GpuSaturatedAndLatencySloBreached',
    severity: 'critical',
    scope: 'model',
    scopeKey: 'm',
    model: 'm',
    version: '',
    segment: '',
    gpu: '',
    episode: 'GpuSaturatedAndLatencySloBreached/m/2026-11-21T10:00Z',
    dedupKey: 'plumbline/GpuSaturatedAndLatencySloBreached/m',
    atMs: Date.UTC(2026, 10, 21, 10, 5),
    summary: 'm: GPU 95% and p99 460ms over 200ms',
    description: 'What it means.',
    conditions: ['gpu_utilization_ratio 95% above 85%'],
    values: { gpu_utilization_ratio: 0.95 },
    labels: { team: 'ranking' },
    owner: 'ml-platform',
    runbook: 'GpuSaturatedAndLatencySloBreached',
    links: [{ text: 'Model', href: 'http://127.0.0.1/models/m' }],
    alerts: [],
    recentMs: [],
    ...change,
  };
}

/** Returns an entry of the outbox for a message. */
export function entryOf(message: AlertMessage, change: Partial<OutboxEntry> = {}): OutboxEntry {
  return {
    deliveryId: `${message.episode}/pagerduty/${message.action}`,
    target: 'pagerduty',
    dedupKey: message.dedupKey,
    action: message.action,
    body: JSON.stringify(message),
    state: 'pending',
    attempts: 0,
    nextAttemptMs: 0,
    detail: '',
    occurredMs: message.atMs,
    createdMs: message.atMs,
    revision: 0,
    ...change,
  };
}
