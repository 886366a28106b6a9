import { createHash, createSign, generateKeyPairSync } from "node:crypto";

/** A value in DER; texts are hexadecimal. */
export const der = (tag: number, ...parts: (Buffer | string)[]): Buffer => {
  const body = Buffer.concat(parts.map((part) => (typeof part === "string" ? Buffer.from(part, "hex") : part)));
  const length =
    body.length < 128 ? Buffer.from([body.length]) : Buffer.from([0x82, body.length >> 8, body.length & 255]);
  return Buffer.concat([Buffer.from([tag]), length, body]);
};
const SEQUENCE = 0x30;
const ECDSA_SHA256 = der(SEQUENCE, "06082a8648ce3d040302");

/** A fresh key with a certificate of its own, good for 127.0.0.1 or for a name (X.509 v3, by hand). */
export function selfSigned(subject: string, alternative: Buffer): { key: string; cert: string } {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const spki = publicKey.export({ type: "spki", format: "der" });
  const name = der(SEQUENCE, der(0x31, der(SEQUENCE, "0603550403", der(0x0c, Buffer.from(subject)))));
  const extensions = der(
    SEQUENCE,
    der(SEQUENCE, "0603551d11", der(0x04, der(SEQUENCE, alternative))),
    der(SEQUENCE, "0603551d13", der(0x04, der(SEQUENCE, "0101ff"))),
  );
  const validity = der(SEQUENCE, der(0x17, Buffer.from("200101000000Z")), der(0x17, Buffer.from("491231235959Z")));
  const serial = der(0x02, Buffer.from([1]), createHash("sha256").update(spki).digest().subarray(0, 8));
  const body = der(
    SEQUENCE,
    der(0xa0, "020102"),
    serial,
    ECDSA_SHA256,
    name,
    validity,
    name,
    spki,
    der(0xa3, extensions),
  );
  const signature = createSign("sha256").update(body).sign(privateKey);
  const cert = der(SEQUENCE, body, ECDSA_SHA256, der(0x03, "00", signature));
  const pem = `-----BEGIN CERTIFICATE-----\n${cert.toString("base64")}\n-----END CERTIFICATE-----\n`;
  return { cert: pem, key: privateKey.export({ type: "pkcs8", format: "pem" }) as string };
}
