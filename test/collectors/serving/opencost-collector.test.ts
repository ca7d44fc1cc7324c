import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { readAllocations } from '../../../src/collectors/serving/allocation-answer.ts';
import { opencostConfigSchema } from '../../../src/collectors/serving/config.ts';
import { OpencostCollector } from '../../../src/collectors/serving/opencost-collector.ts';
import { createServingMatch } from '../../../src/collectors/serving/serving-match.ts';
import { FakeClock } from '../../../src/core/clock.ts';
import { CollectorHealth } from '../../../src/telemetry/collector-health.ts';
import { Telemetry } from '../../../src/telemetry/telemetry.ts';
import { startTestStore, type TestStore } from '../../support/engine.ts';
import { type Exporter, startExporter } from '../prometheus/exporter.ts';

const NOW = Date.UTC(2026, 10, 21, 10);
const MINUTE = 60_000;

function allocation(name: string, minutes: number, totalCost: number): Readonly<Record<string, unknown>> {
  return { name, properties: { cluster: 'c1' }, minutes, cpuCost: 0.1, gpuCost: totalCost - 0.1, totalCost };
}

const ANSWER = JSON.stringify({
  code: 200,
  data: [
    {
      'fraud-scorer': allocation('fraud-scorer', 60, 147.2),
      'team/chat': allocation('team/chat', 30, 2.5),
      'a name with blanks': allocation('a name with blanks', 60, 1),
      __idle__: { minutes: 60, gpuCost: 22, totalCost: 25.1 },
    },
  ],
});

describe('the answer of the allocation API', () => {
  it('gives the cost of an hour of each value, idle capacity left out', () => {
    expect(readAllocations(ANSWER)).toEqual(
      new Map([
        ['fraud-scorer', 147.2],
        ['team/chat', 5],
        ['a name with blanks', 1],
      ]),
    );
  });

  it('adds up its steps', () => {
    const step = (cost: number): unknown => ({ m: allocation('m', 30, cost) });
    expect(readAllocations(JSON.stringify({ code: 200, data: [step(1), null, step(2)] }))).toEqual(new Map([['m', 3]]));
  });

  it.each([
    ['no JSON', 'oops'],
    ['an error', '{"code":500,"message":"no data"}'],
    ['a cost that is no number', '{"code":200,"data":[{"m":{"minutes":60,"totalCost":"1"}}]}'],
    ['a negative cost', '{"code":200,"data":[{"m":{"minutes":60,"totalCost":-1}}]}'],
  ])('is none when it is %s', (_, text) => {
    expect(readAllocations(text)).toBeUndefined();
  });
});

describe('the collector of costs', () => {
  let shared: TestStore;
  const exporters: Exporter[] = [];

  beforeAll(async () => {
    shared = await startTestStore();
  });
  afterAll(async () => {
    await shared.stop();
  });
  afterEach(async () => {
    await Promise.all(exporters.splice(0).map((exporter) => exporter.stop()));
  });

  async function start(answer: () => { readonly status: number; readonly body: string }) {
    const asked: string[] = [];
    const exporter = await startExporter((request, response) => {
      asked.push(`${request.url} ${request.headers.authorization}`);
      const { status, body } = answer();
      response.writeHead(status, { 'content-type': 'application/json' }).end(body);
    });
    exporters.push(exporter);
    const telemetry = new Telemetry(new Registry());
    const logger = pino({ level: 'silent' });
    const clock = new FakeClock(NOW);
    const health = new CollectorHealth({ telemetry, logger, clock });
    const collector = new OpencostCollector({
      config: opencostConfigSchema.parse({ url: `http://${exporter.target}/allocation`, bearer: 'secret-token' }),
      modelOf: createServingMatch([
        { name: 'chat', serving: { labels: { serving_kserve_io_inferenceservice: 'team/.*' } } },
      ]),
      store: shared.store,
      telemetry,
      health,
      logger,
      clock,
      random: Math.random,
      fetch,
    });
    return { collector, health, asked };
  }

  it('asks at its interval, with its token, and notes the last answer every minute for three intervals', async () => {
    let down = false;
    const { collector, health, asked } = await start(() =>
      down ? { status: 503, body: 'starting' } : { status: 200, body: ANSWER },
    );
    await collector.runOnce(NOW);
    expect(asked).toEqual([
      '/allocation?window=1h&aggregate=label%3Aserving_kserve_io_inferenceservice Bearer secret-token',
    ]);
    down = true;
    for (const minute of [1, 5, 15, 16]) await collector.runOnce(NOW + minute * MINUTE);
    expect(asked).toHaveLength(3);
    expect(health.states().map(({ up, detail }) => [up, detail])).toEqual([[false, 'HTTP status 503.']]);
    const rows = await shared.store.rows({
      name: 'test',
      sql: "SELECT model, groupArray(dateDiff('minute', toDateTime64({now:String}, 3, 'UTC'), ts)) AS minutes, any(value) AS usd FROM (SELECT * FROM serving_samples ORDER BY ts) GROUP BY model ORDER BY model",
      parameters: { now: '2026-11-21 10:00:00.000' },
    });
    expect(rows).toEqual([
      { model: 'chat', minutes: [0, 1, 5, 15], usd: 5 },
      { model: 'fraud-scorer', minutes: [0, 1, 5, 15], usd: 147.2 },
    ]);
    await collector.stop();
  });

  it('says what is wrong with an answer that is none', async () => {
    const { collector, health } = await start(() => ({ status: 200, body: '{"code":200}' }));
    await collector.runOnce(NOW);
    expect(health.states()[0]?.detail).toBe('The answer is none of the allocation API.');
    await collector.stop();
    await collector.stop();
  });

  it('does not start again once it was stopped', async () => {
    const { collector, asked } = await start(() => ({ status: 200, body: ANSWER }));
    await collector.stop();
    await collector.start();
    expect(asked).toEqual([]);
  });
});
