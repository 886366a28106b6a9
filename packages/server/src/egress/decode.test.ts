import { brotliCompressSync, createGzip, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { Decoder, readContentEncoding, type Coding } from "./decode.ts";

interface Decoded {
  readonly body: Buffer;
  readonly failure: string | null;
}

/** Writes as a socket would: chunk by chunk, waiting when told to. */
function decode(coding: Coding, chunks: readonly Buffer[], ratio = 100): Promise<Decoded> {
  return new Promise((resolve) => {
    const parts: Buffer[] = [];
    const rest = [...chunks];
    const done = (failure: string | null): void => resolve({ body: Buffer.concat(parts), failure });
    const decoder = new Decoder(
      coding,
      { decodedRatio: ratio },
      {
        onData: (chunk) => parts.push(chunk) > 0,
        onDrain: () => feed(),
        onEnd: () => done(null),
        onFailure: (code) => done(code),
      },
    );
    const feed = (): void => {
      for (let chunk = rest.shift(); chunk; chunk = rest.shift()) if (!decoder.write(chunk)) return;
      decoder.end();
    };
    feed();
  });
}

const bytewise = (body: Buffer): Buffer[] => Array.from(body, (byte) => Buffer.from([byte]));
const text = Buffer.from("hello ".repeat(100));

describe("Decoder", () => {
  test.each<[string, Coding, Buffer]>([
    ["gzip", "gzip", gzipSync(text)],
    ["deflate", "deflate", deflateSync(text)],
    ["bare deflate", "deflate", deflateRawSync(text)],
    ["br", "br", brotliCompressSync(text)],
    ["zstd", "zstd", zstdCompressSync(text)],
  ])("%s, whole and byte by byte", async (_name, coding, encoded) => {
    expect(await decode(coding, [encoded])).toEqual({ body: text, failure: null });
    expect(await decode(coding, bytewise(encoded))).toEqual({ body: text, failure: null });
  });

  test.each<Coding>(["gzip", "deflate", "br", "zstd"])("an empty %s body is empty", async (coding) => {
    expect(await decode(coding, [])).toEqual({ body: Buffer.alloc(0), failure: null });
  });

  test.each<[string, Coding, Buffer]>([
    ["cut gzip", "gzip", gzipSync(text).subarray(0, -9)],
    ["cut br", "br", brotliCompressSync(text).subarray(0, -4)],
    ["cut zstd", "zstd", zstdCompressSync(text).subarray(0, -4)],
    ["no gzip", "gzip", Buffer.from("plain text")],
    ["no deflate", "deflate", Buffer.from("plain text")],
  ])("%s is a protocol error", async (_name, coding, encoded) => {
    expect((await decode(coding, [encoded])).failure).toBe("upstream_protocol_error");
  });

  test("a bomb goes off outside", async () => {
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024));
    const { body, failure } = await decode("gzip", [bomb]);
    expect(failure).toBe("response_too_large");
    expect(body.length).toBeLessThan(bomb.length * 100 + 1024 * 1024);
  });

  test("under 1 MiB any ratio is fine", async () => {
    const zeros = Buffer.alloc(1024 * 1024);
    expect(await decode("gzip", [gzipSync(zeros)])).toEqual({ body: zeros, failure: null });
  });

  test("gives out what a flush of the other side made complete", async () => {
    const gzip = createGzip();
    const first = new Promise<Buffer>((resolve) => gzip.once("data", resolve));
    gzip.write("data: one\n\n");
    gzip.flush();
    const head = await first;
    const body = await new Promise<string>((resolve) => {
      const parts: string[] = [];
      const decoder = new Decoder(
        "gzip",
        { decodedRatio: 100 },
        {
          onData: (chunk) => {
            parts.push(chunk.toString());
            if (parts.join("").includes("\n\n")) resolve(parts.join(""));
            return true;
          },
          onDrain: () => undefined,
          onEnd: () => undefined,
          onFailure: resolve,
        },
      );
      decoder.write(head);
      gzip.on("data", (chunk: Buffer) => decoder.write(chunk));
    });
    expect(body).toBe("data: one\n\n");
    gzip.destroy();
  });

  test("pauses when it is asked to", async () => {
    let paused = 0;
    const size = await new Promise<number>((resolve) => {
      let bytes = 0;
      const decoder: Decoder = new Decoder(
        "gzip",
        { decodedRatio: 1e6 },
        {
          onData: (chunk) => {
            bytes += chunk.length;
            paused++;
            setImmediate(() => decoder.resume());
            return false;
          },
          onDrain: () => undefined,
          onEnd: () => resolve(bytes),
          onFailure: () => resolve(-1),
        },
      );
      decoder.write(gzipSync(Buffer.alloc(1_000_000)));
      decoder.end();
    });
    expect(size).toBe(1_000_000);
    expect(paused).toBeGreaterThan(10);
  });
});

describe("readContentEncoding", () => {
  test.each<[string | string[] | undefined, string | null]>([
    [undefined, null],
    ["", null],
    ["identity", null],
    ["gzip", "gzip"],
    ["GZIP", "gzip"],
    ["x-gzip", "gzip"],
    ["identity, br", "br"],
    ["zstd", "zstd"],
    ["gzip, gzip", "unsupported"],
    [["gzip", "br"], "unsupported"],
    ["compress", "unsupported"],
    ["constructor", "unsupported"],
  ])("%j is %s", (header, coding) => {
    expect(readContentEncoding(header)).toBe(coding);
  });
});
