import { MAX_LINE_BYTES } from '../../store/ingest/unit.ts';
import type { RecordSink, Splitter } from './line-splitter.ts';

const QUOTE = 34;
const BACKSLASH = 92;
const OPEN_ARRAY = 91;
const CLOSE_ARRAY = 93;
const OPEN_OBJECT = 123;
const CLOSE_OBJECT = 125;
const COMMA = 44;

/**
 * Cuts a JSON body into its records without building objects: the elements of one array, one object, or objects one
 * after the other. What is no record is handed over as it is and refused by the parser behind.
 */
export class JsonSplitter implements Splitter {
  readonly #sink: RecordSink;
  #inArray = false;
  #started = false;
  #depth = 0;
  #inString = false;
  #escaped = false;
  #elements = 0;
  #parts: Buffer[] = [];
  #partBytes = 0;
  #keptBytes = 0;

  constructor(sink: RecordSink) {
    this.#sink = sink;
  }

  push(chunk: Buffer): void {
    let from = 0;
    for (let at = 0; at < chunk.length; at += 1) {
      const byte = chunk[at] ?? 0;
      if (this.#inString) {
        if (this.#escaped) this.#escaped = false;
        else if (byte === BACKSLASH) this.#escaped = true;
        else if (byte === QUOTE) this.#inString = false;
        continue;
      }
      if (byte === QUOTE) {
        this.#inString = true;
      } else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
        if (byte === OPEN_ARRAY && !this.#started) {
          this.#inArray = true;
          this.#started = true;
          from = at + 1;
          continue;
        }
        this.#depth += 1;
      } else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
        if (this.#depth === 0 && byte === CLOSE_ARRAY && this.#inArray) {
          this.#keep(chunk.subarray(from, at));
          this.#emit();
          this.#inArray = false;
          from = at + 1;
          continue;
        }
        this.#depth = Math.max(0, this.#depth - 1);
        if (this.#depth === 0 && !this.#inArray) {
          this.#keep(chunk.subarray(from, at + 1));
          this.#emit();
          from = at + 1;
        }
      } else if (byte === COMMA && this.#depth === 0 && this.#inArray) {
        this.#keep(chunk.subarray(from, at));
        this.#emit();
        from = at + 1;
        continue;
      }
      if (byte > 32) this.#started = true;
    }
    this.#keep(chunk.subarray(from));
  }

  end(): void {
    this.#emit();
  }

  #keep(part: Buffer): void {
    if (part.length === 0) return;
    const room = MAX_LINE_BYTES + 1 - this.#keptBytes;
    if (room > 0) {
      const kept = Buffer.from(part.subarray(0, room));
      this.#parts.push(kept);
      this.#keptBytes += kept.length;
    }
    this.#partBytes += part.length;
  }

  #emit(): void {
    const [only] = this.#parts;
    const record = this.#parts.length === 1 && only !== undefined ? only : Buffer.concat(this.#parts);
    const fullBytes = this.#partBytes;
    this.#parts = [];
    this.#partBytes = 0;
    this.#keptBytes = 0;
    if (record.every((byte) => byte <= 32)) return;
    this.#elements += 1;
    this.#sink(record, this.#elements, fullBytes);
  }
}
