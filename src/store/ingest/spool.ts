import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { AppError } from '../../core/errors.ts';
import { type IngestUnit, RECORD_KINDS } from './unit.ts';

const headerSchema = z.object({
  token: z.string(),
  kind: z.enum(RECORD_KINDS),
  units: z.array(z.object({ receipt: z.string(), rows: z.number().int() })),
  bytes: z.number().int(),
});

/** A batch on its way into the engine: written down before it is sent, so that a crash sends the very same bytes again. */
export interface SpooledBatch extends z.infer<typeof headerSchema> {
  readonly body: readonly Buffer[];
}

/** Returns the batch that carries some units of one kind, under a token of its own that begins with the time. */
export function batchOf(units: readonly IngestUnit[], nowMs: number): SpooledBatch {
  const [first] = units;
  if (first === undefined) throw new AppError('E_INTERNAL', 'A batch has no units.');
  return {
    token: `${nowMs.toString().padStart(15, '0')}-${randomUUID()}`,
    kind: first.kind,
    units: units.map(({ receipt, rows }) => ({ receipt, rows })),
    bytes: units.reduce((total, { bytes }) => total + bytes, 0),
    body: units.flatMap(({ body }) => body),
  };
}

/** Keeps batches between "about to be sent" and "stored", one file each. Survives the death of the process. */
export class Spool {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Makes the folder and clears away what was not written to its end: nobody was told that it is safe. */
  async open(): Promise<void> {
    await mkdir(`${this.#directory}/refused`, { recursive: true });
    for (const name of await readdir(this.#directory)) {
      if (name.endsWith('.part')) await rm(`${this.#directory}/${name}`, { force: true });
    }
  }

  async write(batch: SpooledBatch): Promise<void> {
    const { body, ...header } = batch;
    const file = this.#fileOf(batch.token);
    await writeFile(`${file}.part`, [`${JSON.stringify(header)}\n`, ...body]);
    await rename(`${file}.part`, file);
  }

  async remove(token: string): Promise<void> {
    await rm(this.#fileOf(token), { force: true });
  }

  /** Sets a batch aside that the engine will never take, for an operator to look at. */
  async refuse(token: string): Promise<void> {
    await rename(this.#fileOf(token), `${this.#directory}/refused/${token}.batch`);
  }

  /** Returns the tokens of the batches left behind, oldest first. */
  async tokens(): Promise<readonly string[]> {
    const names = await readdir(this.#directory);
    return names
      .filter((name) => name.endsWith('.batch'))
      .map((name) => name.slice(0, -'.batch'.length))
      .sort();
  }

  /**
   * Returns a batch left behind.
   *
   * @throws E_SPOOL when the file is damaged
   */
  async read(token: string): Promise<SpooledBatch> {
    const content = await readFile(this.#fileOf(token));
    const end = content.indexOf(10);
    const header = headerSchema.safeParse(parseJson(content.subarray(0, Math.max(0, end)).toString('utf8')));
    const body = content.subarray(end + 1);
    if (!header.success || header.data.bytes !== body.length) {
      throw new AppError('E_SPOOL', `The batch ${token} in ${this.#directory} is damaged.`);
    }
    return { ...header.data, body: [body] };
  }

  #fileOf(token: string): string {
    return `${this.#directory}/${token}.batch`;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
