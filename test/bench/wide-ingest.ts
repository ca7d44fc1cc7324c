import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { z } from 'zod';
import { makeGrids } from '../../src/analysis/minute/grids.ts';
import type { Service } from '../../src/app.ts';
import { systemClock } from '../../src/core/clock.ts';
import { AppError } from '../../src/core/errors.ts';
import { interpolate } from '../../src/grafana/interpolate.ts';
import { expandMacros } from '../../src/grafana/macros.ts';
import { startInProcess } from '../support/in-process.ts';
import type { Bench } from './bench.ts';
import { benchLine, MODELS } from './ingest-records.ts';
import { panels } from './panels.ts';
import {
  bodiesOf,
  CLIENTS,
  LINES,
  measure,
  type Request,
  START_MS,
  sendAll,
  takeFile,
  writeFileOf,
} from './send-records.ts';

const BODIES = 30;
const HOUR_MS = 3_600_000;
/** Grafana asks for the panels of a dashboard of about 20 every five seconds. */
const PANEL_EVERY_MS = 250;

/** Wide predictions over HTTP with every feature in bins and dashboards open, and the same ones from a file in peace. */
export const wideIngestBench: Bench = {
  name: 'wide-ingest',
  describe:
    'Predictions of 770 bytes with 25 features, every one in frozen bins: from a file, and over HTTP while a panel of the dashboards is asked for four times a second. Argument: seconds.',
  run: async ([secondsText]) => {
    const seconds = Number(secondsText ?? 60);
    if (!(seconds > 0)) throw new AppError('E_USAGE', 'Seconds must be a number above 0.');
    const bodies = bodiesOf(BODIES, LINES, 25);
    const service = await startInProcess();
    const folder = mkdtempSync(join(tmpdir(), 'plumbline-bench-'));
    const path = join(folder, 'rows.ndjson');
    try {
      writeFileOf(path, bodies);
      await sendAll(service.url, [{ body: bodies[0] ?? Buffer.alloc(0), lines: LINES }].values(), 1);
      await freezeBins(service);
      const file = await measure('wide-ingest', 'file', service, async () => {
        await takeFile(service, path, BODIES * LINES);
        return BODIES * LINES;
      });
      const done = new AbortController();
      const looking = askForPanels(service, done.signal);
      const http = await measure('wide-ingest', 'http_and_panels', service, async () => {
        let sent = 0;
        await sendAll(
          service.url,
          requestsFor(bodies, seconds, () => (sent += LINES)),
          CLIENTS,
        );
        return sent;
      });
      done.abort();
      process.stdout.write(`# HTTP reaches ${(http / file).toFixed(2)} of the rate of the file. ${await looking}\n`);
    } finally {
      await service.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

/** The bodies over and over, each time as another piece of work, for so many seconds. */
function* requestsFor(bodies: readonly Buffer[], seconds: number, onSent: () => void): Generator<Request, undefined> {
  const endMs = performance.now() + seconds * 1000;
  for (let round = 0; ; round += 1) {
    for (const [index, body] of bodies.entries()) {
      if (performance.now() > endMs) return undefined;
      onSent();
      yield { body, lines: LINES, key: `${round}-${index}` };
    }
  }
}

/** Gives every feature of every model bins, so that all that arrives from now on is counted in them. */
async function freezeBins(service: Service): Promise<void> {
  const { features } = z
    .object({ features: z.record(z.string(), z.unknown()) })
    .parse(JSON.parse(benchLine(0, START_MS, 25)));
  const wanted = Object.entries(features).map(([feature, value]) => {
    return { feature, kind: typeof value === 'number' ? 'numeric' : 'categorical' } as const;
  });
  const maker = { store: service.store, wallClock: systemClock, drainIngest: () => service.writer.drain() };
  const rows = { fromMs: START_MS, toMs: START_MS + HOUR_MS };
  for (let model = 0; model < MODELS; model += 1) await makeGrids(maker, `model-${model}`, rows, wanted);
}

/** Asks for one panel after the other until told to stop; says how many answers that were and how long they took. */
async function askForPanels(service: Service, signal: AbortSignal): Promise<string> {
  const variables = {
    values: { model: ['model-1'], version: ['3'], segment: ['all'], gpu: ['GPU-1'], feature: ['distance'] },
    all: ['version', 'gpu'],
  };
  const context = { fromMs: START_MS, toMs: START_MS + HOUR_MS, intervalMs: 10_000 };
  const sqls = panels().flatMap((panel) => panel.sqls.map((sql) => expandMacros(interpolate(sql, variables), context)));
  const times: number[] = [];
  while (!signal.aborted) {
    const begin = performance.now();
    const sql = `${sqls[times.length % sqls.length]} FORMAT Native`;
    await finished((await service.store.readRaw({ name: 'panel', sql })).resume());
    times.push(performance.now() - begin);
    await systemClock.sleep(Math.max(0, PANEL_EVERY_MS - (performance.now() - begin)), signal);
  }
  const median = times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0;
  return `Meanwhile ${times.length} panels were drawn, the median in ${Math.round(median)} ms.`;
}
