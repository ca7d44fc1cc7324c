import { insertSettings } from '../../src/store/ingest/insert-settings.ts';
import type { Store } from '../../src/store/store.ts';

/** Stores records of the public contract the way the service does: as raw lines that ClickHouse parses. */
export async function sendRecords(
  store: Store,
  kind: 'predictions' | 'labels' | 'business' | 'events',
  records: readonly Readonly<Record<string, unknown>>[],
): Promise<void> {
  const rows = records.map((record, index) => {
    const line = JSON.stringify(record);
    return { receipt: 1, line_no: index + 1, received: '2026-11-01T00:00:00.000Z', line_bytes: line.length, line };
  });
  await store.insertRaw({
    table: `ingest_${kind}`,
    columns: ['receipt', 'line_no', 'received', 'line_bytes', 'line'],
    format: 'JSONEachRow',
    body: Buffer.from(rows.map((row) => JSON.stringify(row)).join('\n')),
    token: `${kind}-${JSON.stringify(records[0])}-${records.length}`,
    settings: { ...insertSettings(kind), date_time_input_format: 'best_effort' },
  });
}
