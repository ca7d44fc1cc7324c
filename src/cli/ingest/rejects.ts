import { createWriteStream, type WriteStream } from 'node:fs';
import { once } from 'node:events';
import type { RecordChunk } from './record-chunks.ts';
import type { SenderAnswer } from './record-sender.ts';

const SHOWN_ERRORS = 20;
const NEWLINE = Buffer.from('\n');

/** Tells which lines were rejected: the first 20 with their reason on stderr, all of them in the file named, if any. */
export class Rejects {
  readonly #file: WriteStream | undefined;
  readonly #stderr: NodeJS.WriteStream;
  #shown = 0;

  constructor(options: { readonly file: string | undefined; readonly stderr: NodeJS.WriteStream }) {
    this.#file = options.file === undefined ? undefined : createWriteStream(options.file);
    this.#stderr = options.stderr;
  }

  add(rejected: { readonly file: string; readonly chunk: RecordChunk; readonly errors: SenderAnswer['errors'] }): void {
    const { file, chunk, errors } = rejected;
    for (const { line, field, reason } of errors) {
      if (this.#shown < SHOWN_ERRORS) {
        this.#stderr.write(`${file}:${chunk.numbers[line - 1] ?? line}: ${field === '' ? '' : `${field} `}${reason}\n`);
      }
      this.#shown += 1;
      const text = chunk.lines[line - 1];
      if (text !== undefined) this.#file?.write(Buffer.concat([text, NEWLINE]));
    }
  }

  async close(): Promise<void> {
    if (this.#file === undefined) return;
    this.#file.end();
    await once(this.#file, 'finish');
  }
}
