/** Takes bytes off a stream, exactly as many as are wanted. */
export interface ByteReader {
  /** Throws {@link TakenShort} when the stream ends before. */
  take(length: number): Promise<Buffer>;
  /** Up to and with this byte; at most so many. Null: it is not among them. */
  takeThrough(byte: number, most: number): Promise<Buffer | null>;
  isAtEnd(): Promise<boolean>;
}

/** The stream ended where more was wanted. */
export class TakenShort extends Error {
  override readonly name = "TakenShort";
}

export function readBytes(source: AsyncIterable<Buffer>): ByteReader {
  const chunks = source[Symbol.asyncIterator]();
  let held: Buffer = Buffer.alloc(0);

  /** False at the end of the stream. */
  async function hold(wanted: number): Promise<boolean> {
    const parts = [held];
    let size = held.length;
    while (size < wanted) {
      const next = await chunks.next();
      if (next.done) break;
      parts.push(next.value);
      size += next.value.length;
    }
    if (parts.length > 1) held = Buffer.concat(parts, size);
    return size >= wanted;
  }
  function cut(length: number): Buffer {
    const bytes = held.subarray(0, length);
    held = held.subarray(length);
    return bytes;
  }

  return {
    async take(length) {
      if (!(await hold(length))) throw new TakenShort("the stream ends before");
      return cut(length);
    },
    async takeThrough(byte, most) {
      await hold(most);
      const at = held.subarray(0, most).indexOf(byte);
      return at < 0 ? null : cut(at + 1);
    },
    isAtEnd: async () => !(await hold(1)),
  };
}
