import { MAX_LINE_BYTES } from '../../store/ingest/unit.ts';

/** Receives one record's bytes, its number (lines: 1-based line of the body; JSON: 1-based element) and its full length. */
export type RecordSink = (line: Uint8Array, lineNumber: number, fullBytes: number) => void;

/** Cuts a byte stream into records. Memory is bounded by one record of MAX_LINE_BYTES and one chunk. */
export interface Splitter {
  push(chunk: Buffer): void;
  /** Ends the stream; an unfinished record is handed over as it is. */
  end(): void;
}

/** Cuts NDJSON at newlines. Blank lines count as lines but are no records; a trailing CR is dropped. */
export class LineSplitter implements Splitter {
  readonly #sink: RecordSink;
  #carry: Buffer[] = [];
  #carryBytes = 0;
  #lineNumber = 0;

  constructor(sink: RecordSink) {
    this.#sink = sink;
  }

  push(chunk: Buffer): void {
    let from = 0;
    for (;;) {
      const at = chunk.indexOf(10, from);
      if (at < 0) break;
      this.#line(chunk.subarray(from, at));
      from = at + 1;
    }
    if (from < chunk.length) this.#keep(chunk.subarray(from));
  }

  end(): void {
    if (this.#carryBytes > 0) this.#line(Buffer.alloc(0));
  }

  #keep(rest: Buffer): void {
    const room = MAX_LINE_BYTES + 1 - this.#carryBytes;
    if (room > 0) this.#carry.push(Buffer.from(rest.subarray(0, room)));
    this.#carryBytes += rest.length;
  }

  #line(tail: Buffer): void {
    this.#lineNumber += 1;
    let line: Buffer = tail;
    let fullBytes = tail.length;
    if (this.#carryBytes > 0) {
      fullBytes += this.#carryBytes;
      line = Buffer.concat([...this.#carry, tail.subarray(0, MAX_LINE_BYTES)]);
      this.#carry = [];
      this.#carryBytes = 0;
    }
    if (line.at(-1) === 13 && line.length === fullBytes) {
      line = line.subarray(0, -1);
      fullBytes -= 1;
    }
    if (isBlank(line)) return;
    this.#sink(line, this.#lineNumber, fullBytes);
  }
}

function isBlank(line: Uint8Array): boolean {
  if ((line[0] ?? 0) > 32) return false;
  for (const byte of line) if (byte !== 32 && byte !== 9 && byte !== 13) return false;
  return true;
}
