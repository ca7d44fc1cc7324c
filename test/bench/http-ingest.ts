import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppError } from '../../src/core/errors.ts';
import { startInProcess } from '../support/in-process.ts';
import type { Bench } from './bench.ts';
import { bodiesOf, CLIENTS, LINES, measure, sendAll, takeFile, writeFileOf } from './send-records.ts';

/** Predictions over HTTP into a service with its own engine, and the same ones from a file; all share the machine. */
export const httpIngestBench: Bench = {
  name: 'http-ingest',
  describe:
    '500-byte predictions with 10 features over HTTP as NDJSON, against the same ones from a file. Arguments: rows, clients, lines a request.',
  run: async ([rowsText, clientsText, linesText]) => {
    const rows = Number(rowsText ?? 600_000);
    const clients = Number(clientsText ?? CLIENTS);
    const lines = Number(linesText ?? LINES);
    if (![rows, clients, lines].every((number) => Number.isInteger(number) && number > 0) || rows < lines)
      throw new AppError('E_USAGE', 'Rows, clients and lines must be whole numbers, and rows at least one request.');
    const bodies = bodiesOf(Math.floor(rows / lines), lines, 10);
    const sent = bodies.length * lines;
    const service = await startInProcess();
    const folder = mkdtempSync(join(tmpdir(), 'plumbline-bench-'));
    const path = join(folder, 'rows.ndjson');
    try {
      writeFileOf(path, bodies);
      const file = await measure('http-ingest', 'file', service, async () => {
        await takeFile(service, path, sent);
        return sent;
      });
      const http = await measure('http-ingest', 'http', service, async () => {
        await sendAll(service.url, bodies.map((body) => ({ body, lines })).values(), clients);
        return sent;
      });
      process.stdout.write(`# HTTP reaches ${(http / file).toFixed(2)} of the rate of the file.\n`);
    } finally {
      await service.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  },
};
