import { AlterValueError } from "./errors.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** What a body may be. The last two, and files over 16 MiB, are streamed; everything else is sent whole. */
export type BodyInput =
  | string
  | ArrayBuffer
  | ArrayBufferView
  | Blob
  | FormData
  | URLSearchParams
  | ReadableStream<Uint8Array>
  | AsyncIterable<Uint8Array | string>;

/** A body ready to be sent. Bytes are covered by the signature; a stream is protected by TLS alone, and sent once. */
export type EncodedBody =
  | { readonly kind: "bytes"; readonly bytes: Bytes; readonly contentType?: string | undefined }
  | {
      readonly kind: "stream";
      readonly stream: ReadableStream<Uint8Array>;
      /** Where it is known, the receiver gets a content-length. */
      readonly length?: number | undefined;
      readonly contentType?: string | undefined;
    };

export const NO_BODY: EncodedBody = { kind: "bytes", bytes: new Uint8Array() };

/** 16 MiB. Above this a file is streamed instead of being held in memory and hashed. */
const STREAM_FROM_BYTES: number = 16 * 1024 * 1024;

const encoder = new TextEncoder();

/** The bytes of a JSON value. Throws AlterValueError for what JSON cannot say. */
export function encodeJson(value: unknown): EncodedBody {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (error) {
    throw new AlterValueError(
      `Option "json" cannot be written as JSON: ${error instanceof Error ? error.message : "unknown reason"}.`,
    );
  }
  if (text === undefined)
    throw new AlterValueError('Option "json" cannot be written as JSON: it is a function or a symbol.');
  return { kind: "bytes", bytes: encoder.encode(text), contentType: "application/json" };
}

/** A body with the content type that fetch would give it. */
export async function encodeBody(body: BodyInput | null | undefined): Promise<EncodedBody> {
  if (body === undefined || body === null) return NO_BODY;
  if (typeof body === "string") {
    return { kind: "bytes", bytes: encoder.encode(body), contentType: "text/plain;charset=UTF-8" };
  }
  if (body instanceof URLSearchParams) {
    const contentType = "application/x-www-form-urlencoded;charset=UTF-8";
    return { kind: "bytes", bytes: encoder.encode(body.toString()), contentType };
  }
  if (body instanceof ArrayBuffer) return { kind: "bytes", bytes: new Uint8Array(body) };
  if (ArrayBuffer.isView(body)) return { kind: "bytes", bytes: viewBytes(body) };
  if (body instanceof Blob) return encodeBlob(body);
  if (body instanceof FormData) return encodeForm(body);
  if (body instanceof ReadableStream) return { kind: "stream", stream: body };
  if (typeof body === "object" && Symbol.asyncIterator in body) return { kind: "stream", stream: streamOf(body) };
  throw new AlterValueError(
    'Option "body" must be a string, bytes, Blob, FormData, URLSearchParams, ReadableStream or AsyncIterable. For an object use "json".',
  );
}

function viewBytes(view: ArrayBufferView): Bytes {
  const { buffer, byteOffset, byteLength } = view;
  // Shared memory may change while it is hashed and sent, and fetch does not take it.
  return buffer instanceof ArrayBuffer
    ? new Uint8Array(buffer, byteOffset, byteLength)
    : new Uint8Array(new Uint8Array(buffer, byteOffset, byteLength));
}

async function encodeBlob(blob: Blob): Promise<EncodedBody> {
  const contentType = blob.type === "" ? undefined : blob.type;
  if (blob.size > STREAM_FROM_BYTES) return { kind: "stream", stream: blob.stream(), length: blob.size, contentType };
  return { kind: "bytes", bytes: new Uint8Array(await blob.arrayBuffer()), contentType };
}

async function encodeForm(form: FormData): Promise<EncodedBody> {
  // A Response writes the multipart form, so that boundary and escaping are the platform's.
  const written = new Response(form);
  const contentType = written.headers.get("content-type") ?? undefined;
  let size = 0;
  for (const [, value] of form) size += typeof value === "string" ? value.length : value.size;
  if (size > STREAM_FROM_BYTES && written.body !== null) return { kind: "stream", stream: written.body, contentType };
  return { kind: "bytes", bytes: new Uint8Array(await written.arrayBuffer()), contentType };
}

function streamOf(source: AsyncIterable<Uint8Array | string>): ReadableStream<Uint8Array> {
  return ReadableStream.from(chunksOf(source));
}

async function* chunksOf(source: AsyncIterable<unknown>): AsyncGenerator<Uint8Array> {
  for await (const chunk of source) {
    if (typeof chunk === "string") yield encoder.encode(chunk);
    else if (chunk instanceof Uint8Array) yield chunk;
    else throw new AlterValueError('Option "body": the chunks of an AsyncIterable must be strings or Uint8Array.');
  }
}
