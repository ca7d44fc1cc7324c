import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { NDJSON, predictionLine, request } from '../support/client.ts';
import { ask, type ServiceProcess, ServiceYard } from '../support/service.ts';

const yard = new ServiceYard();
let path: string;
let service: ServiceProcess;
beforeAll(async () => {
  path = yard.folder();
  service = await yard.start(path);
});
afterAll(async () => {
  await yard.end();
});

/** A generator of whole numbers below a bound; the same seed gives the same numbers. @see Tommy Ettinger, mulberry32 */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

type Draw = ReturnType<typeof numbers>;

/** Values that stand in the place of any other value. */
const VALUES = [
  'null',
  'true',
  '-0',
  '1e999',
  '-1e999',
  '1e-999',
  '9223372036854775808',
  '18446744073709551616',
  `1${'0'.repeat(400)}`,
  `0.${'1'.repeat(400)}`,
  'NaN',
  'Infinity',
  '-Infinity',
  '01',
  '+1',
  '.5',
  '1.',
  '0x10',
  '""',
  '"\\u0000"',
  '"\\ud800"',
  '"\\udfff\\ud800"',
  '"\\uD83D\\uDE00"',
  '"\\x"',
  '"\t"',
  '"NaN"',
  '[]',
  '{}',
  '[[]]',
  '{"a":{"b":[1]}}',
  `"${'x'.repeat(20_000)}"`,
  `"${'é'.repeat(300)}"`,
  '"\u202e\ufeff"',
  '"9999-99-99T99:99:99Z"',
  '"1969-12-31T23:59:59Z"',
  '"2026-05-01T10:00:00+99:99"',
  '-9223372036854775808',
  '253402300800000',
  '1777629600.123',
  `${'['.repeat(10_000)}${']'.repeat(10_000)}`,
  `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`,
  '['.repeat(10_000),
  `{${Array.from({ length: 2000 }, (_, index) => `"k${index}":${index}`).join(',')}}`,
] as const;

const MUTATIONS: readonly ((line: Buffer, draw: Draw) => Buffer)[] = [
  // Bytes that are something else, also no UTF-8.
  (line, draw) => {
    const copy = Buffer.from(line);
    for (let count = draw(8); count >= 0; count -= 1) copy[draw(copy.length)] = draw(256);
    return copy;
  },
  (line, draw) => line.subarray(0, 1 + draw(line.length - 1)),
  (line, draw) => line.subarray(draw(line.length - 1)),
  (line, draw) => {
    const at = draw(line.length);
    return Buffer.concat([line.subarray(0, at), Buffer.from([0, 0, 0]), line.subarray(at)]);
  },
  (line, draw) => {
    const at = draw(line.length);
    return Buffer.concat([line.subarray(0, at), line.subarray(draw(at + 1))]);
  },
  (line) => Buffer.concat([line, line]),
  // A value in the place of another.
  (line, draw) => replaceValue(line, pick(VALUES, draw), draw),
  (line, draw) => replaceValue(line, pick(VALUES, draw), draw),
  (line, draw) => replaceValue(replaceValue(line, pick(VALUES, draw), draw), pick(VALUES, draw), draw),
  // A key twice, with another value.
  (line, draw) =>
    Buffer.from(
      line
        .toString('utf8')
        .replace('{', `{"${pick(['ts', 'model', 'features', 'prediction_id', 'score'], draw)}":${pick(VALUES, draw)},`),
    ),
  (line, draw) =>
    Buffer.from(
      line
        .toString('utf8')
        .replace(
          '"features":{',
          `"features":{"${pick(['distance', '', '\\u0000', '__score__', 'a.b', '😀'], draw)}":${pick(VALUES, draw)},`,
        ),
    ),
  (line, draw) => Buffer.from(line.toString('latin1').replaceAll('"', pick(["'", '“', '\\"', '""'], draw)), 'utf8'),
];

function pick<T>(from: readonly T[], draw: Draw): T {
  const item = from[draw(from.length)];
  if (item === undefined) throw new Error('There is nothing to pick from.');
  return item;
}

function replaceValue(line: Buffer, value: string, draw: Draw): Buffer {
  const text = line.toString('utf8');
  const spots = [...text.matchAll(/:("[^"]*"|-?[\d.]+|true|false|null)/g)];
  if (spots.length === 0) return line;
  const spot = pick(spots, draw);
  return Buffer.from(`${text.slice(0, spot.index + 1)}${value}${text.slice(spot.index + spot[0].length)}`);
}

/** Returns the mutation of a line: one line of NDJSON that is not blank. */
function mutate(line: string, draw: Draw): Buffer {
  const mutated = Buffer.from(pick(MUTATIONS, draw)(Buffer.from(line), draw));
  for (let at = mutated.indexOf(10); at >= 0; at = mutated.indexOf(10)) mutated[at] = 11;
  return mutated.toString('latin1').trim() === '' ? Buffer.from('.') : mutated;
}

const NEWLINE = Buffer.from('\n');
const SEED = 20_260_501;

test.each([
  [
    'predictions',
    2000,
    (id: string) => predictionLine(id),
    'predictions WHERE startsWith(prediction_id, {marker:String})',
  ],
  [
    'labels',
    400,
    (id: string) => JSON.stringify({ prediction_id: id, label: 1, label_ts: '2026-05-01T10:00:00Z', model: 'm' }),
    'labels WHERE startsWith(prediction_id, {marker:String})',
  ],
  [
    'business',
    400,
    (id: string) => JSON.stringify({ ts: '2026-05-01T10:00:00Z', metric: 'revenue_usd', value: 1, labels: { id } }),
    "business_metrics WHERE startsWith(labels['id'], {marker:String})",
  ],
  [
    'events',
    400,
    (id: string) =>
      JSON.stringify({ ts: '2026-05-01T10:00:00Z', kind: 'deploy', title: id, model: 'm', labels: { a: 'b' } }),
    'change_events WHERE startsWith(title, {marker:String})',
  ],
])(
  '%s: of %d mutated lines each is accepted or rejected, and the good ones between them are stored',
  { timeout: 120_000 },
  async (kind, count, make, from) => {
    const draw = numbers(SEED);
    const lines: Buffer[] = [];
    let markers = 0;
    for (let index = 0; index < count; index += 1) {
      lines.push(mutate(make(`mutant-${index}`), draw));
      if (index % 10 !== 0) continue;
      lines.push(Buffer.from(make(`marker-${kind}-${index}`)));
      markers += 1;
    }
    const body = Buffer.concat(lines.flatMap((line) => [line, NEWLINE]));
    const answer = await request(`${service.url}/v1/${kind}`, { body, headers: NDJSON });
    expect(answer.status, answer.text).toBe(200);
    const { accepted, rejected } = answer.receipt();
    expect(accepted + rejected).toBe(lines.length);
    expect(accepted).toBeGreaterThanOrEqual(markers);
    expect(rejected).toBeGreaterThan(count / 3);
    const sql = `SELECT count() AS n FROM ${from.replace('{marker:String}', `'marker-${kind}-'`)}`;
    expect(await ask(path, z.object({ n: z.number() }), sql)).toEqual([{ n: markers }]);
    expect((await request(`${service.url}/healthz`)).status).toBe(200);
  },
);

test('what was rejected lies in the dead letters, what was accepted is counted, and the service never ended', async () => {
  const [row] = await ask(
    path,
    z.object({ dead: z.number(), unnamed: z.number(), stored: z.number(), rolled: z.number(), infinite: z.number() }),
    `SELECT (SELECT count() FROM dead_letters) AS dead, (SELECT countIf(reason = '') FROM dead_letters) AS unnamed, count() AS stored,
      (SELECT sum(requests) FROM service_per_minute WHERE segment = '') AS rolled, countIf(arrayExists(x -> NOT isFinite(x), mapValues(numbers))) AS infinite FROM predictions`,
  );
  expect(row?.dead).toBeGreaterThan(1000);
  expect(row).toMatchObject({ unnamed: 0, rolled: row?.stored, infinite: 0 });
  expect(service.log().filter((line) => line['event'] === 'engine_died' || line['event'] === 'batch_failed')).toEqual(
    [],
  );
  expect(await yard.stop(service)).toEqual({ code: 0, signal: null });
});
