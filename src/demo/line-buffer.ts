const FIRST_BYTES = 1024 * 1024;

/** Collects short lines of ASCII text as bytes, without keeping a string for each: millions of them would busy the garbage collector. */
export class LineBuffer {
  #bytes = Buffer.allocUnsafe(FIRST_BYTES);
  #length = 0;

  /** Adds a line; it ends with its own newline. */
  add(line: string): void {
    if (this.#length + line.length > this.#bytes.length) this.#grow(this.#length + line.length);
    this.#length += this.#bytes.write(line, this.#length, 'latin1');
  }

  /** Returns what was added since the last call. */
  take(): Buffer {
    const taken = this.#bytes.subarray(0, this.#length);
    this.#bytes = Buffer.allocUnsafe(Math.max(FIRST_BYTES, this.#length));
    this.#length = 0;
    return taken;
  }

  #grow(atLeast: number): void {
    const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, atLeast));
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }
}
