import { afterAll, expect, test } from 'vitest';
import { z } from 'zod';
import { request } from '../support/client.ts';
import { sendKserve } from '../support/payload-events.ts';
import { waitFor } from '../support/processes.ts';
import { ask, ServiceYard, type ServiceProcess } from '../support/service.ts';

const yard = new ServiceYard();
afterAll(async () => {
  await yard.end();
});

const SQL = `SELECT prediction_id, status, prediction_number FROM predictions ORDER BY prediction_id`;
const record = z.object({ prediction_id: z.string(), status: z.string(), prediction_number: z.number().nullable() });

async function read(service: ServiceProcess, events: number): Promise<void> {
  await waitFor('the events to be read', async () => {
    const { text } = await request(`${service.url}/metrics`);
    const counts = [...text.matchAll(/^plumbline_ingest_kserve_events_total\{[^}]*\} (\d+)/gm)].map(([, n]) =>
      Number(n),
    );
    return counts.reduce((sum, count) => sum + count, 0) >= events ? true : undefined;
  });
}

test('SIGTERM stores the halves that wait, and the same calls sent to the next process count once', async () => {
  const path = yard.folder({ rules: [], collectors: { kserve: { join_timeout: '1h' } } });
  const first = await yard.start(path);
  await sendKserve(first.url, { id: 'whole', part: 'request', body: '{"instances":[1]}' });
  await sendKserve(first.url, { id: 'whole', part: 'response', body: '{"predictions":[2]}' });
  await sendKserve(first.url, { id: 'half', part: 'request', body: '{"instances":[1]}' });
  await read(first, 3);
  expect(await yard.stop(first)).toEqual({ code: 0, signal: null });

  const second = await yard.start(path);
  const expected = [
    { prediction_id: 'half', status: 'no_response', prediction_number: null },
    { prediction_id: 'whole', status: 'ok', prediction_number: 2 },
  ];
  expect(await ask(path, record, SQL)).toEqual(expected);
  for (const id of ['whole', 'half', 'new']) {
    await sendKserve(second.url, { id, part: 'request', body: '{"instances":[1]}' });
    await sendKserve(second.url, { id, part: 'response', body: '{"predictions":[2]}' });
  }
  const rows = await waitFor('the new call', async () => {
    const found = await ask(path, record, SQL);
    return found.length >= 3 ? found : undefined;
  });
  expect(rows).toEqual([expected[0], { prediction_id: 'new', status: 'ok', prediction_number: 2 }, expected[1]]);
  expect(await yard.stop(second)).toEqual({ code: 0, signal: null });
});
