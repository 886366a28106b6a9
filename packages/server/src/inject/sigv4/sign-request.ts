import { createHash, createHmac } from "node:crypto";

export interface RequestToSign {
  readonly method: string;
  /** Canonical already. */
  readonly path: string;
  /** Canonical already. */
  readonly query: string;
  /** Exactly the headers to sign, `host` and `x-amz-date` among them, in any order; a name may come twice. */
  readonly headers: readonly (readonly [string, string])[];
  readonly payloadHash: string;
  /** `20150830T123600Z`. */
  readonly amzDate: string;
  readonly region: string;
  readonly service: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** The steps of the signature one by one. The first two may hold a session token: they are for tests, not for logs. */
export interface SignedRequest {
  readonly canonicalRequest: string;
  readonly stringToSign: string;
  readonly signature: string;
  readonly authorization: string;
}

export function signRequest(request: RequestToSign): SignedRequest {
  const { amzDate, region, service } = request;
  const day = amzDate.slice(0, 8);
  const scope = `${day}/${region}/${service}/aws4_request`;
  const { lines, names } = canonicalHeaders(request.headers);
  const canonicalRequest = [request.method, request.path, request.query, lines, names, request.payloadHash].join("\n");
  const hash = createHash("sha256").update(canonicalRequest, "utf8").digest("hex");
  const stringToSign = ["AWS4-HMAC-SHA256", amzDate, scope, hash].join("\n");

  const key = [day, region, service, "aws4_request"].reduce<string | Buffer>(hmac, `AWS4${request.secretAccessKey}`);
  const signature = hmac(key, stringToSign).toString("hex");
  const credential = `Credential=${request.accessKeyId}/${scope}`;
  const authorization = `AWS4-HMAC-SHA256 ${credential}, SignedHeaders=${names}, Signature=${signature}`;
  return { canonicalRequest, stringToSign, signature, authorization };
}

/** Lower-case names in order, values trimmed and with single spaces, those of one name joined in the order they came. */
function canonicalHeaders(headers: RequestToSign["headers"]): { lines: string; names: string } {
  const byName = new Map<string, string[]>();
  for (const [name, value] of headers) {
    const lower = name.toLowerCase();
    const values = byName.get(lower) ?? [];
    values.push(value.replace(/[ \t]+/g, " ").replace(/^ | $/g, ""));
    byName.set(lower, values);
  }
  // Plain sort: by code point, as AWS does; names are unique here.
  const names = [...byName.keys()].toSorted();
  return {
    lines: names.map((name) => `${name}:${byName.get(name)?.join(",") ?? ""}\n`).join(""),
    names: names.join(";"),
  };
}

function hmac(key: string | Buffer, data: string): Buffer {
  return createHmac("sha256", key).update(data, "utf8").digest();
}
