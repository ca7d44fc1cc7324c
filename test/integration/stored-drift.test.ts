import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { Service } from '../../src/app.ts';
import { NDJSON, request } from '../support/client.ts';
import { startInProcess } from '../support/in-process.ts';
import { runPlumbline } from '../support/processes.ts';

const HOUR = 3_600_000;
const WEEK = 168 * HOUR;
const START = Date.parse('2026-03-02T00:00:00Z');
const TIGHT = { minor: { psi: 0.004, ks: 0.01 } };
let service: Service;
let folder: string;

/** Numbers from 0 to 1 that are spread evenly over any stretch of the counter. */
function spread(counter: number, step: number): number {
  return (counter * step) % 1;
}

/** Hours 0..5 are the reference; then the mix of regions changes, and inside of region north the amount does; `small` moves a little. */
function records(): readonly string[] {
  return Array.from({ length: 12 * 300 }, (_, i) => {
    const hour = Math.floor(i / 300);
    const isLater = hour >= 6;
    const region = spread(i, 0.6180339887) < (isLater ? 0.8 : 0.5) ? 'north' : 'south';
    const base = 100 * spread(i, 0.7548776662);
    const small = isLater && spread(i, 0.569840291) < 0.06 ? 50 : base;
    return JSON.stringify({
      prediction_id: `p-${i}`,
      ts: START + i * 12_000,
      model: 'loans',
      features: {
        amount: base + (isLater && region === 'north' ? 30 : 0),
        grade: 1 + Math.floor(30 * spread(i, 0.8191725134)),
        small,
      },
      segments: { region },
    });
  });
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'plumbline-stored-'));
  const reference = {
    kind: 'fixed' as const,
    from: new Date(START).toISOString(),
    to: new Date(START + 6 * HOUR).toISOString(),
  };
  service = await startInProcess({ models: [{ name: 'loans', reference, features: { small: { floors: TIGHT } } }] });
  const body = records().join('\n');
  const sent = await request(`${service.url}/v1/predictions`, { body, headers: NDJSON });
  expect(sent.receipt().rejected).toBe(0);
});
afterAll(async () => {
  await service.stop();
  rmSync(folder, { recursive: true, force: true });
});

const featureSchema = z.looseObject({ feature: z.string(), kind: z.string(), level: z.string() });
const reportSchema = z.looseObject({
  reference: z.looseObject({ rows: z.number() }),
  windows: z.array(
    z.looseObject({
      features: z.array(featureSchema),
      segments: z.array(z.looseObject({ segment: z.string(), share_current: z.number() })).optional(),
      segment_split: z.array(z.looseObject({ feature: z.string(), verdict: z.string() })).optional(),
      other_profiles: z.array(z.looseObject({ profile: z.string() })).optional(),
    }),
  ),
});

const RANGE = ['--from', new Date(START + 6 * HOUR).toISOString(), '--to', new Date(START + 12 * HOUR).toISOString()];

describe('stored predictions compared with the reference', () => {
  test('are told apart by segment, with what comes from their mix, also on the command line', async () => {
    const options = ['--segment', 'region', '--categorical', 'grade', '--compare-profiles', '--format', 'json'];
    const done = await runPlumbline(['drift', '--model', 'loans', ...RANGE, '--url', service.url, ...options]);
    expect(done.stderr).toBe('');
    const [window] = reportSchema.parse(JSON.parse(done.stdout)).windows;
    expect(window?.segments?.map(({ segment }) => segment)).toEqual(['north', 'south']);
    expect(window?.segments?.[0]?.share_current).toBeCloseTo(0.8, 2);
    const split = new Map(window?.segment_split?.map(({ feature, verdict }) => [feature, verdict]));
    expect(split.get('amount')).toContain('changed');
    expect(split.get('grade')).toBe('neither changed');
    expect(window?.features.find(({ feature }) => feature === 'grade')?.kind).toBe('categorical');
    expect(window?.other_profiles).toHaveLength(6);
  });

  test('have the floors of the configuration, in the report and when a window closes', async () => {
    const url = `${service.url}/v1/models/loans/drift?from=${START + 6 * HOUR}&to=${START + 12 * HOUR}`;
    const [window] = reportSchema.parse((await request(url)).json()).windows;
    const small = window?.features.find(({ feature }) => feature === 'small');
    expect(['minor', 'moderate', 'major']).toContain(small?.level);
    const file = join(folder, 'records.ndjson');
    writeFileSync(file, records().slice(0, 1800).join('\n'));
    const later = join(folder, 'later.ndjson');
    writeFileSync(later, records().slice(1800).join('\n'));
    const config = join(folder, 'floors.yaml');
    writeFileSync(config, JSON.stringify({ models: [{ name: 'loans', features: { small: { floors: TIGHT } } }] }));
    const files = ['drift', '--reference', file, '--current', later, '--format', 'json'];
    const levels: (string | undefined)[] = [];
    for (const more of [[], ['--config', config]]) {
      const done = await runPlumbline([...files, ...more]);
      expect(done.stderr).toBe('');
      const [whole] = reportSchema.parse(JSON.parse(done.stdout)).windows;
      levels.push(whole?.features.find(({ feature }) => feature === 'small')?.level);
    }
    expect(levels).toEqual(['negligible', 'minor']);
  });

  test('have a reference of several ranges taken whole', async () => {
    const shifted = records()
      .map((line) =>
        line.replace(/"p-(\d+)","ts":(\d+)/, (_, id: string, ts: string) => `"q-${id}","ts":${Number(ts) + WEEK}`),
      )
      .join('\n');
    await request(`${service.url}/v1/predictions`, { body: shifted, headers: NDJSON });
    const set = await request(`${service.url}/v1/models/loans/references`, {
      body: JSON.stringify({ kind: 'same-hour-last-week', weeks: 2 }),
      headers: { 'content-type': 'application/json' },
    });
    expect(set.status, set.text).toBe(201);
    const url = `${service.url}/v1/models/loans/drift?from=${START + 2 * WEEK}&to=${START + 2 * WEEK + 2 * HOUR}`;
    const none = await request(url);
    expect(none.status).toBe(400);
    const again = records()
      .slice(0, 600)
      .map((line) =>
        line.replace(/"p-(\d+)","ts":(\d+)/, (_, id: string, ts: string) => `"r-${id}","ts":${Number(ts) + 2 * WEEK}`),
      )
      .join('\n');
    await request(`${service.url}/v1/predictions`, { body: again, headers: NDJSON });
    const report = reportSchema.parse((await request(url)).json());
    expect(report.reference.rows).toBe(1200);
  });

  test('of a model without a reference have, when no begin is asked for, what came before as the reference', async () => {
    const lines = Array.from({ length: 2000 }, (_, i) =>
      JSON.stringify({
        prediction_id: `f-${i}`,
        ts: START + i * 18_000,
        model: 'fresh',
        features: { a: spread(i, 0.6180339887) },
      }),
    );
    await request(`${service.url}/v1/predictions`, { body: lines.join('\n'), headers: NDJSON });
    const answer = await request(`${service.url}/v1/models/fresh/drift`, {});
    const { reference, windows } = reportSchema
      .extend({ windows: z.array(z.looseObject({ rows: z.number() })) })
      .parse(answer.json());
    expect(reference.rows).toBe(1000);
    expect(windows.map(({ rows }) => rows)).toEqual([1000]);
  });
});
