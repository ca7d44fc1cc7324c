import { lateBusinessDays, writeBusinessSignals } from '../../store/queries/business-signals.ts';
import type { Store } from '../../store/store.ts';

const MINUTE_MS = 60_000;

/** Concludes the business signals of the minutes again that got numbers in (sinceMs, untilMs], after their evaluation. */
export async function concludeLateBusiness(options: {
  readonly store: Store;
  readonly sinceMs: number;
  readonly untilMs: number;
  readonly nowMs: number;
}): Promise<void> {
  const { store, sinceMs, untilMs, nowMs } = options;
  for (const day of await store.query(lateBusinessDays, { since_ms: sinceMs, until_ms: untilMs })) {
    await store.command({
      name: 'write_business_signals',
      sql: writeBusinessSignals,
      parameters: {
        from: toText(day.first_minute * 1000),
        to: toText(day.last_minute * 1000 + MINUTE_MS),
        now: new Date(nowMs).toISOString().slice(0, 23).replace('T', ' '),
      },
    });
  }
}

function toText(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19).replace('T', ' ');
}
