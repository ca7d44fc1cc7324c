import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { identifyProcess, isAlive } from '../store/engine/process-identity.ts';

const serviceSchema = z.object({ pid: z.number().int().positive(), started: z.string(), url: z.string() });

/** Notes in the data folder where this process serves, for commands beside it. Returns what takes the note back. */
export function writeServiceFile(dataFolder: string, url: string): () => void {
  const file = fileOf(dataFolder);
  mkdirSync(dataFolder, { recursive: true });
  writeFileSync(`${file}.new`, JSON.stringify({ ...identifyProcess(process.pid), url }));
  renameSync(`${file}.new`, file);
  return () => rmSync(file, { force: true });
}

/** Returns the URL of the live service on a data folder, or undefined when there is none. */
export function readServiceFile(dataFolder: string): string | undefined {
  let text: string;
  try {
    text = readFileSync(fileOf(dataFolder), 'utf8');
  } catch {
    return undefined; // no service has ever run there, or it ended in order
  }
  const parsed = serviceSchema.safeParse(parseJson(text));
  return parsed.success && isAlive(parsed.data) ? parsed.data.url : undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function fileOf(dataFolder: string): string {
  return `${dataFolder}/service.json`;
}
