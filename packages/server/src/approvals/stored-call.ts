import { HEADER } from "@alter-vault/protocol";
import type { IncomingCall } from "../call.ts";

/** A call that waits, as it is sealed: what was signed about the target, the address it came from, and the body. */
interface StoredCall {
  readonly headers: Readonly<Record<string, string>>;
  readonly address: string | null;
  readonly body: string;
  /** Of the session that stood in for the user. */
  readonly sessionId: string | null;
}

/** Neither the user's token nor the signature is kept: both are of that one moment. */
export function storeCall(call: IncomingCall, body: Buffer, sessionId: string | null): Buffer {
  const headers = Object.fromEntries(
    Object.entries(call.signed.headers).flatMap(([name, value]) =>
      value !== undefined && isKept(name) ? [[name, value]] : [],
    ),
  );
  const stored: StoredCall = { headers, address: call.address(), body: body.toString("base64"), sessionId };
  return Buffer.from(JSON.stringify(stored));
}

function isKept(name: string): boolean {
  return name === "content-digest" || (name.startsWith("alter-") && name !== HEADER.userToken && name !== HEADER.call);
}

export function sessionOf(stored: Buffer): string | null {
  return (JSON.parse(stored.toString()) as StoredCall).sessionId;
}

/** The call as it came, to be checked once more from the beginning. */
export function restoreCall(stored: Buffer): IncomingCall {
  const { headers, address, body } = JSON.parse(stored.toString()) as StoredCall;
  const buffer = Buffer.from(body, "base64");
  return {
    signed: { method: "POST", authorities: [], requestTarget: "/v1/request", headers },
    address: () => address,
    body: { read: () => ({ ok: true, buffer, stream: null }) },
  };
}
