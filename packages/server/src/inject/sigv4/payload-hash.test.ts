import { expect, test } from "vitest";
import { payloadHash } from "./payload-hash.ts";

const BODY = "ab".repeat(32);
const OTHER = "cd".repeat(32);
const UNSIGNED = "UNSIGNED-PAYLOAD";
const TRAILER = "STREAMING-UNSIGNED-PAYLOAD-TRAILER";

type Row = [service: string, asked: string[], known: string | null, expected: string];

/** Expected: the hash, with a * in front when it is sent as a header, too; or a part of the refusal after a !. */
const ROWS: Row[] = [
  ["s3", [], BODY, `*${BODY}`],
  ["s3", [BODY], BODY, `*${BODY}`],
  ["s3", [BODY.toUpperCase()], BODY, `*${BODY}`],
  ["s3", [OTHER], BODY, `*${BODY}`],
  ["s3", ["required"], BODY, `*${BODY}`],
  ["s3", [UNSIGNED], BODY, `*${UNSIGNED}`],
  ["s3", [TRAILER], BODY, `*${TRAILER}`],
  ["s3", [], null, `*${UNSIGNED}`],
  ["s3", [UNSIGNED], null, `*${UNSIGNED}`],
  ["s3", [TRAILER], null, `*${TRAILER}`],
  ["s3", [OTHER.toUpperCase()], null, `*${OTHER}`],
  ["s3", ["required"], null, `*${UNSIGNED}`],
  ["s3", ["STREAMING-AWS4-HMAC-SHA256-PAYLOAD"], null, "!signs every chunk"],
  ["s3", ["STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"], BODY, "!signs every chunk"],
  ["s3", ["STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD"], null, "!signs every chunk"],
  ["s3", [UNSIGNED, UNSIGNED], null, "!more than once"],
  ["s3-outposts", [], null, `*${UNSIGNED}`],
  ["s3express", [], BODY, `*${BODY}`],
  ["sqs", [], BODY, BODY],
  ["sqs", [OTHER], BODY, `*${BODY}`],
  ["sqs", [UNSIGNED], BODY, `*${BODY}`],
  ["sqs", [], null, "!needs the SHA-256"],
  ["sqs", ["required"], null, "!needs the SHA-256"],
  ["sqs", [OTHER], null, `*${OTHER}`],
  ["ebs", [UNSIGNED], null, `*${UNSIGNED}`],
  ["sqs", [TRAILER], null, "!Only S3"],
  ["sqs", ["STREAMING-AWS4-HMAC-SHA256-EVENTS"], null, "!signs every chunk"],
  ["aoss", [], BODY, `*${BODY}`],
  ["glacier", [], BODY, `*${BODY}`],
  ["aoss", [], null, "!needs the SHA-256"],
  ["vpc-lattice-svcs", [], BODY, `*${UNSIGNED}`],
  ["vpc-lattice-svcs", [], null, `*${UNSIGNED}`],
];

test.each(ROWS)("%s, asked for %j, known %s: %s", (service, asked, known, expected) => {
  const payload = payloadHash(service, asked, known);
  if (payload.ok) expect(`${payload.inHeader ? "*" : ""}${payload.hash}`).toBe(expected);
  else expect(payload.detail).toContain(expected.slice(1));
  expect(payload.ok).toBe(!expected.startsWith("!"));
});
