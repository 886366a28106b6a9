import { isS3 } from "./service-names.ts";

const UNSIGNED = "UNSIGNED-PAYLOAD";
const UNSIGNED_TRAILER = "STREAMING-UNSIGNED-PAYLOAD-TRAILER";
const HEX = /^[0-9a-f]{64}$/;

/** Besides S3, these want to see the hash in a header too. */
const WANTS_HEADER = new Set(["aoss", "glacier", "vpc-lattice-svcs"]);

type PayloadHash =
  | { readonly ok: true; readonly hash: string; readonly inHeader: boolean }
  | { readonly ok: false; readonly detail: string };

/**
 * What stands for the body in the signature, and whether it is sent as `x-amz-content-sha256` as well.
 *
 * `asked` is what the caller put into that header. S3 takes a body unsigned, whole or chunked with a trailing checksum,
 * when the caller says so or when nobody knows the hash. Everywhere else the known hash of the body wins over anything
 * the caller says. Where the body is streamed, a hash the caller states is signed: AWS compares it with the body.
 */
export function payloadHash(service: string, asked: readonly string[], bodySha256: string | null): PayloadHash {
  const [mode] = asked;
  if (asked.length > 1) return refuse("x-amz-content-sha256 comes more than once.");
  if (mode?.startsWith("STREAMING-") === true && (mode !== UNSIGNED_TRAILER || !isS3(service))) {
    return refuse(mode === UNSIGNED_TRAILER ? `Only S3 takes ${UNSIGNED_TRAILER}.` : CHUNK_SIGNED);
  }
  const header = mode !== undefined || isS3(service) || WANTS_HEADER.has(service);
  // VPC Lattice cannot check the hash of a body and takes no other value.
  if (service === "vpc-lattice-svcs") return use(UNSIGNED);
  if (isS3(service) && (mode === UNSIGNED || mode === UNSIGNED_TRAILER)) return use(mode);
  if (bodySha256 !== null) return use(bodySha256);
  if (mode !== undefined && HEX.test(mode.toLowerCase())) return use(mode.toLowerCase());
  if (isS3(service) || mode === UNSIGNED) return use(UNSIGNED);
  return refuse(
    `The service "${service}" needs the SHA-256 of the body, which is not known for a streamed body. ` +
      "Send the body as a whole, or its hash in x-amz-content-sha256.",
  );

  function use(hash: string): PayloadHash {
    return { ok: true, hash, inHeader: header };
  }
}

const CHUNK_SIGNED =
  "In this x-amz-content-sha256 mode the sender signs every chunk with the key, which the caller does not have. " +
  `Use ${UNSIGNED}, or ${UNSIGNED_TRAILER} for a checksum after the body.`;

function refuse(detail: string): PayloadHash {
  return { ok: false, detail };
}
