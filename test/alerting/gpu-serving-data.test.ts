import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createAlertStore } from '../../src/alerting/alert-store.ts';
import { backtest, type BacktestPage } from '../../src/alerting/backtest.ts';
import { systemClock } from '../../src/core/clock.ts';
import { startTestStore, type TestStore } from '../support/engine.ts';
import { MINUTE, ruleOf } from './rules.ts';

// A day of GPU and latency samples of 143 production pods, with the compound points that pandas finds in it. They are
// not part of the repository: name their folder in PLUMBLINE_TEST_DATA to run this.
const FOLDER = join(process.env['PLUMBLINE_TEST_DATA'] ?? '', 'genai-serving');

/** The publisher's step; consecutive samples of a pod are one to two steps apart. */
const STEP_SECONDS = 57;
const FIRST_SECONDS = 1_662_858_720;
const ORIGIN = Date.UTC(2022, 8, 11);

const BODY =
  'when:\n  all:\n    - { signal: gpu_utilization_ratio, above: 0.85 }\n    - { signal: latency_p99_seconds, above: 30 }';
const expectedSchema = z.object({
  joined_rows: z.number(),
  gpu_over_85: z.number(),
  compound_points: z.number(),
  compound_pods: z.number(),
  episodes: z.number(),
  episodes_2plus: z.number(),
  episode_list: z.array(
    z.object({ container_ip: z.string(), first: z.number(), last: z.number(), points: z.number() }),
  ),
});

/** One sample a step is one sample a minute here, so that a rule's minutes are the publisher's samples. */
function minuteOf(seconds: number): number {
  return ORIGIN + Math.round((seconds - FIRST_SECONDS) / STEP_SECONDS) * MINUTE;
}

function secondsOf(minuteMs: number): number {
  return FIRST_SECONDS + ((minuteMs - ORIGIN) / MINUTE) * STEP_SECONDS;
}

function readCsv(name: string): readonly Readonly<Record<string, string>>[] {
  const [head = '', ...lines] = gunzipSync(readFileSync(join(FOLDER, `${name}.csv.gz`)))
    .toString('utf8')
    .trim()
    .split('\n');
  const columns = head.trim().split(',');
  return lines.map((line) => {
    const cells = line.trim().split(',');
    return Object.fromEntries(columns.map((column, index) => [column, cells[index] ?? '']));
  });
}

describe.skipIf(!existsSync(join(FOLDER, 'expected.json')))('the compound rule on a day of 143 production pods', () => {
  const expected = existsSync(join(FOLDER, 'expected.json'))
    ? expectedSchema.parse(JSON.parse(readFileSync(join(FOLDER, 'expected.json'), 'utf8')))
    : undefined;
  let running: TestStore;

  beforeAll(async () => {
    running = await startTestStore();
    const insert = async (name: string, signal: string, scale: number): Promise<void> => {
      const rows = readCsv(name).map((row) => ({
        t: minuteOf(Number(row['timestamp_anon'])) / 1000,
        signal,
        model: row['container_ip'] ?? '',
        value: Number(row['value']) * scale,
        state: 'ok',
        evaluated_at: '2022-09-12T00:00:00Z',
      }));
      await running.store.insert('signals', rows);
    };
    await insert('pod_gpu_duty_cycle_anon', 'gpu_utilization_ratio', 0.01);
    await insert('pipeline_inference_data_anon', 'latency_p99_seconds', 0.001);
  });
  afterAll(async () => {
    await running.stop();
  });

  async function replay(body: string): Promise<readonly BacktestPage[]> {
    const rule = ruleOf('BusyAndSlow', body);
    const alertStore = createAlertStore({ store: running.store, clock: systemClock });
    return backtest({
      rules: [rule],
      report: new Set(['BusyAndSlow']),
      fromMs: ORIGIN,
      toMs: ORIGIN + 1460 * MINUTE,
      store: alertStore,
      threshold: () => undefined,
    });
  }

  it('fires in exactly the samples in which both are bad', async () => {
    const pages = await replay(BODY);
    const points = pages.flatMap(({ model, fromMs, toMs }) => {
      const found: string[] = [];
      for (let at = fromMs; at < toMs; at += MINUTE) found.push(`${model} ${secondsOf(at)}`);
      return found;
    });
    const listed = readCsv('expected-compound-points').map(
      (row) => `${row['container_ip']} ${Number(row['timestamp_anon'])}`,
    );
    expect(points.sort()).toEqual(listed.sort());
    expect(points).toHaveLength(expected?.compound_points ?? 0);
    expect(new Set(pages.map(({ model }) => model)).size).toBe(expected?.compound_pods);
  });

  it('fires in exactly the listed episodes when samples at most 120 s apart belong together', async () => {
    // 120 s are two steps of 57 s: one quiet sample between two bad ones does not end an episode.
    const pages = await replay(`keep_firing_for: 1m\n${BODY}`);
    const episodes = pages.map(
      ({ model, fromMs, toMs }) => `${model} ${secondsOf(fromMs)} ${secondsOf(toMs - 2 * MINUTE)}`,
    );
    const listed = expected?.episode_list.map(({ container_ip, first, last }) => `${container_ip} ${first} ${last}`);
    expect(episodes.sort()).toEqual(listed?.sort());
    expect(episodes).toHaveLength(expected?.episodes ?? 0);
  });

  it('fires only where both stay bad for as long as the rule says', async () => {
    const alone = await replay('when: { signal: gpu_utilization_ratio, above: 0.85 }');
    const compound = await replay(BODY);
    const patient = await replay(`for: 1m\n${BODY}`);
    const long = compound.filter(({ fromMs, toMs }) => toMs - fromMs >= 2 * MINUTE);
    expect(patient.map(({ model, fromMs }) => `${model} ${fromMs}`)).toEqual(
      long.map(({ model, fromMs }) => `${model} ${fromMs + MINUTE}`),
    );
    expect(alone.length).toBeGreaterThan(2 * compound.length);
  });
});
