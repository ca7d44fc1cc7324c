/** Reads a stream of buffers in pieces of wished lengths. Memory is bounded by the longest piece and one buffer. */
export class ByteReader {
  readonly #source: AsyncIterator<unknown> | Iterator<unknown>;
  #parts: Buffer[] = [];
  #length = 0;

  constructor(source: AsyncIterable<unknown> | Iterable<unknown>) {
    this.#source = Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
  }

  /** Returns the next bytes, fewer only where the stream ends. */
  async take(bytes: number): Promise<Buffer> {
    while (this.#length < bytes && (await this.#pull()));
    const [first] = this.#parts;
    const all = this.#parts.length === 1 && first !== undefined ? first : Buffer.concat(this.#parts);
    const taken = all.subarray(0, bytes);
    const rest = all.subarray(bytes);
    this.#parts = rest.length === 0 ? [] : [rest];
    this.#length = rest.length;
    return taken;
  }

  /** Drops bytes, as many as there are. */
  async skip(bytes: number): Promise<void> {
    let left = bytes;
    while (left > 0) {
      const dropped = (await this.take(Math.min(left, Math.max(1, this.#length)))).length;
      if (dropped === 0) return;
      left -= dropped;
    }
  }

  async #pull(): Promise<boolean> {
    const next = await this.#source.next();
    if (next.done === true) return false;
    if (!Buffer.isBuffer(next.value)) return true;
    this.#parts.push(next.value);
    this.#length += next.value.length;
    return true;
  }
}
