import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { type StandIn, startPrometheusStandIn, vector } from '../collectors/business/prometheus-stand-in.ts';
import { MlflowStandIn, modelVersion } from '../collectors/registry/mlflow-stand-in.ts';
import { NDJSON, request } from '../support/client.ts';
import { waitFor } from '../support/processes.ts';
import { ask, type ServiceProcess, ServiceYard } from '../support/service.ts';

const yard = new ServiceYard();
const mlflow = new MlflowStandIn();
let prometheus: StandIn;
let folder: string;
let service: ServiceProcess;

beforeAll(async () => {
  prometheus = await startPrometheusStandIn();
  prometheus.answer = () => ({ body: vector([{ metric: { model: 'fraud' }, value: '40' }]) });
  await mlflow.start();
  mlflow.versions.set('fraud champion', modelVersion('8', Date.now() - 86_400_000));
  folder = yard.folder({
    rules: [],
    evaluation: { interval: '1s', delay: '1s' },
    retention: { predictions: '400d' },
    models: [{ name: 'fraud', staleness: { mlflow: { url: mlflow.url, alias: 'champion', interval: '1s' } } }],
    business: [
      { metric: 'orders', delay: '1s', prometheus: { url: prometheus.url, expr: 'orders' } },
      { metric: 'sent', delay: '1s', sql: { query: 'SELECT count() AS value FROM business_metrics' } },
      { metric: 'lost', delay: '1s', prometheus: { url: 'http://127.0.0.1:1', expr: 'x' } },
    ],
  });
  service = await yard.start(folder);
});
afterAll(async () => {
  await yard.end();
  await prometheus.stop();
  await mlflow.stop();
});

const state = z.object({ collector: z.string(), up: z.boolean(), last_success: z.string().nullable() });
async function collectors(): Promise<ReadonlyMap<string, z.infer<typeof state>>> {
  const { collectors: states } = z
    .object({ collectors: z.array(state) })
    .parse((await request(`${service.url}/readyz`)).json());
  return new Map(states.map((entry) => [entry.collector, entry]));
}

async function metric(name: string): Promise<number | undefined> {
  const { text } = await request(`${service.url}/metrics`);
  const line = text.split('\n').find((each) => each.startsWith(`${name} `));
  return line === undefined ? undefined : Number(line.split(' ').at(-1));
}

test('a running service fetches business numbers and the age of models, and concludes numbers sent late', async () => {
  const at = Math.floor(Date.now() / 60_000) * 60_000 - 300_000;
  const late = { ts: at, metric: 'by_hand', value: 5, model: 'fraud' };
  await request(`${service.url}/v1/business`, { body: JSON.stringify(late), headers: NDJSON });
  const number = z.object({ value: z.number() });
  const first = async (sql: string): Promise<number | undefined> => (await ask(folder, number, sql))[0]?.value;
  const seen = {
    fetched: await waitFor('the number of Prometheus', () =>
      first(
        "SELECT value FROM business_metrics WHERE metric = 'orders' AND model = 'fraud' AND ts = toStartOfMinute(ts)",
      ),
    ),
    age: await waitFor('the age of the model', () =>
      first(
        "SELECT round(dateDiff('second', trained_at, last_checked) / 600) AS value FROM model_trainings WHERE model = 'fraud'",
      ),
    ),
    late: await waitFor('the late number', () =>
      first(
        `SELECT value FROM signals WHERE signal = 'business_by_hand' AND model = 'fraud' AND toUnixTimestamp(t) = ${at / 1000}`,
      ),
    ),
  };
  expect(seen).toEqual({ fetched: 40, age: 144, late: 5 });
});

test('each collector says whether it works, on /readyz, in the metrics and in the log', async () => {
  const states = await waitFor('the source that is away to be noticed', async () => {
    const found = await collectors();
    return found.get('business:lost')?.up === false && found.has('business:sent') ? found : undefined;
  });
  expect(states.get('business:orders')?.up).toBe(true);
  expect(states.get('business:sent')?.up).toBe(true);
  expect(states.get('registry:fraud')?.up).toBe(true);
  expect(states.get('business:lost')).toEqual({ collector: 'business:lost', up: false, last_success: null });
  expect(await metric('plumbline_ingest_collector_up{collector="business:lost"}')).toBe(0);
  expect(await metric('plumbline_ingest_collector_up{collector="business:orders"}')).toBe(1);
  expect(await metric('plumbline_ingest_accepted_total{collector="business",kind="business"}')).toBeGreaterThan(0);
  const down = service.log().filter((line) => line['event'] === 'collector_down');
  expect(down).toMatchObject([{ collector: 'business:lost', detail: expect.stringContaining('did not answer') }]);
});

test('a restart stores no number twice', async () => {
  await yard.stop(service);
  service = await yard.start(folder);
  await waitFor('the business numbers to go on', async () =>
    (await collectors()).has('business:orders') ? true : undefined,
  );
  const rows = await ask(
    folder,
    z.object({ n: z.number(), minutes: z.number() }),
    "SELECT count() AS n, uniqExact(ts) AS minutes FROM business_metrics WHERE metric = 'orders'",
  );
  expect(rows[0]?.n).toBe(rows[0]?.minutes);
  const ttl = await ask(
    folder,
    z.object({ name: z.string() }),
    "SELECT name FROM system.tables WHERE database = 'plumbline' AND engine_full LIKE '%TTL%toIntervalSecond(34560000)%'",
  );
  expect(ttl).toEqual([{ name: 'predictions' }]);
});
