import type { HeaderBag } from "../egress/response-headers.ts";

/** A recorded answer as bytes: the length of its head, the head as JSON, the body. */
export function answerBytes(status: number, headers: HeaderBag, body: Buffer): Buffer {
  const head = Buffer.from(JSON.stringify({ status, headers }));
  const length = Buffer.alloc(4);
  length.writeUInt32BE(head.length);
  return Buffer.concat([length, head, body]);
}

export function readAnswer(bytes: Buffer): { status: number; headers: HeaderBag; body: Buffer } {
  const end = 4 + bytes.readUInt32BE();
  const head = JSON.parse(bytes.subarray(4, end).toString()) as { status: number; headers: HeaderBag };
  return { ...head, body: bytes.subarray(end) };
}
