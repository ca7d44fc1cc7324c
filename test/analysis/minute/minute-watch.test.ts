import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { Service } from '../../../src/app.ts';
import { NDJSON, request } from '../../support/client.ts';
import { startInProcess } from '../../support/in-process.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const START = Date.parse('2026-03-02T00:00:00Z');
const HOURS = 8;
const INCIDENT = START + HOURS * HOUR;
let service: Service;

type Features = Readonly<Record<string, unknown>>;

/** Records at even distances from `fromMs` to `toMs`; `change` says what is different from normal. */
async function send(
  fromMs: number,
  toMs: number,
  change: (features: Features) => Features,
  stepMs = 5000,
): Promise<void> {
  const lines: string[] = [];
  for (let ts = fromMs, i = 0; ts < toMs; ts += stepMs, i += 1) {
    const normal = {
      amount: 1 + ((i * 37) % 100),
      age: 20 + ((i * 13) % 50),
      gap: (i * 7) % 90,
      speed: 40 + ((i * 29) % 61) / 2,
      country: i % 3 === 0 ? 'DE' : 'US',
      steady: (i * 31) % 80,
      // Holds for ten minutes: constant in every look, but in no window of an hour.
      slot: Math.floor(ts / (10 * MINUTE)) % 6,
    };
    const features = change(normal);
    lines.push(JSON.stringify({ prediction_id: `p-${ts}`, ts, model: 'loans', features, score: ((i * 41) % 97) / 97 }));
  }
  const sent = await request(`${service.url}/v1/predictions`, { body: lines.join('\n'), headers: NDJSON });
  expect(sent.receipt().rejected).toBe(0);
}

function broken({ amount, gap: _notSent, ...features }: Features): Features {
  const country = Number(features['steady']) % 5 < 3 ? 'CH' : 'US';
  return { ...features, amount: Number(amount) * 100, age: null, speed: 55, country };
}

async function incidents(minuteEndMs: number) {
  const url = `${service.url}/v1/models/loans/signals?name=feature_incidents&from=${minuteEndMs - MINUTE}&to=${minuteEndMs}&feature=*`;
  const answer = await request(url);
  expect(answer.status, answer.text).toBe(200);
  const rows = await service.store.rows({
    name: 'test',
    sql: `SELECT feature, value FROM signals FINAL WHERE signal = 'feature_incidents' AND t = toDateTime(${minuteEndMs / 1000 - 60}) ORDER BY feature`,
  });
  return z.array(z.object({ feature: z.string(), value: z.number() })).parse(rows);
}

beforeAll(async () => {
  service = await startInProcess();
  await send(START, INCIDENT, (features) => features);
  await service.loop.runMinute(INCIDENT - MINUTE);
  await send(INCIDENT, INCIDENT + 2 * MINUTE, broken, 1000);
  await service.loop.runMinute(INCIDENT);
  await service.loop.runMinute(INCIDENT + MINUTE);
});
afterAll(async () => {
  await service.stop();
});

describe('what cannot wait for a window', () => {
  test('is no incident while the records are as always', async () => {
    expect(await incidents(INCIDENT)).toEqual([{ feature: '', value: 0 }]);
  });

  test('is found two minutes after it began, for each feature with what happened to it', async () => {
    const broke = ['age', 'amount', 'country', 'gap', 'speed'];
    expect(await incidents(INCIDENT + 2 * MINUTE)).toEqual([
      { feature: '', value: broke.length },
      ...broke.map((feature) => ({ feature, value: 1 })),
    ]);
    const rows = await service.store.rows({
      name: 'test',
      sql: `SELECT feature, level, JSONExtractString(explain, 'detector') AS detector, reason FROM drift_results FINAL WHERE final = 2 AND window_to = toDateTime(${INCIDENT / 1000 + 120}) ORDER BY feature`,
    });
    const found = z
      .array(z.object({ feature: z.string(), level: z.string(), detector: z.string(), reason: z.string() }))
      .parse(rows);
    expect(found.map(({ feature, detector }) => [feature, detector])).toEqual([
      ['age', 'gone_null'],
      ['amount', 'unit_change'],
      ['country', 'unseen_burst'],
      ['gap', 'gone_null'],
      ['speed', 'gone_constant'],
    ]);
    const reasons = new Map(found.map(({ feature, reason }) => [feature, reason]));
    expect(reasons.get('amount')).toContain('times 100');
    expect(reasons.get('country')).toContain('Such as: CH.');
  });

  test('is part of the verdict when the window closes: a feature that is not sent is missing', async () => {
    await send(INCIDENT + 2 * MINUTE, INCIDENT + HOUR, broken);
    await service.loop.runMinute(INCIDENT + HOUR - MINUTE);
    const rows = await service.store.rows({
      name: 'test',
      sql: `SELECT feature, level, missing_current AS missing, reason, explain FROM drift_results FINAL WHERE final = 1 AND window_from = toDateTime(${INCIDENT / 1000}) ORDER BY feature`,
    });
    const found = new Map(
      z
        .array(
          z.object({
            feature: z.string(),
            level: z.string(),
            missing: z.number(),
            reason: z.string(),
            explain: z.string(),
          }),
        )
        .parse(rows)
        .map((row) => [row.feature, row]),
    );
    for (const feature of ['age', 'gap']) {
      expect(found.get(feature)).toMatchObject({ level: 'major', missing: 1 });
      expect(found.get(feature)?.reason).toMatch(/^The missing rate went from 0 to 1: major/);
      expect(JSON.parse(found.get(feature)?.explain ?? '')).toMatchObject({
        level: 'major',
        quality: expect.arrayContaining([expect.objectContaining({ check: 'missing', level: 'major' })]),
      });
    }
    expect(found.get('country')?.reason).toContain('The unseen rate went from');
    expect(found.get('steady')).toMatchObject({ level: 'stable', missing: 0 });
  });
});
