import { createHash, createSign, generateKeyPairSync } from "node:crypto";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { send, testEgress } from "./test-support.ts";

const der = (tag: number, ...parts: (Buffer | string)[]): Buffer => {
  const body = Buffer.concat(parts.map((part) => (typeof part === "string" ? Buffer.from(part, "hex") : part)));
  const length =
    body.length < 128 ? Buffer.from([body.length]) : Buffer.from([0x82, body.length >> 8, body.length & 255]);
  return Buffer.concat([Buffer.from([tag]), length, body]);
};
const SEQUENCE = 0x30;
const ECDSA_SHA256 = der(SEQUENCE, "06082a8648ce3d040302");

/** A fresh key with a certificate of its own, good for 127.0.0.1 or for a name (X.509 v3, by hand). */
function selfSigned(subject: string, alternative: Buffer): { key: string; cert: string } {
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

const forAddress = selfSigned("fake provider", der(0x87, "7f000001"));
const forOtherName = selfSigned("other fake provider", der(0x82, Buffer.from("other.example")));
const stranger = selfSigned("fake stranger", der(0x87, "7f000001"));

describe("https", () => {
  const servers: Server[] = [];
  const start = async (identity: { key: string; cert: string }): Promise<string> => {
    const server = createServer({ ...identity, ALPNProtocols: ["h2", "http/1.1"] }, (incoming, response) =>
      response.end(`${incoming.httpVersion} ${incoming.headers.authorization ? "with" : "without"}`),
    );
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return `https://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  };
  beforeAll(() => setDefaultCACertificates([...getCACertificates("default"), forAddress.cert, forOtherName.cert]));
  afterAll(() =>
    Promise.all(
      servers.map((server) => new Promise((resolve) => (server.closeAllConnections(), server.close(resolve)))),
    ),
  );

  test("with a certificate that is trusted, by HTTP/1.1", async () => {
    const egress = testEgress();
    const url = await start(forAddress);
    expect(await send(egress, url)).toMatchObject({ text: "1.1 with", outcome: { ok: true } });
    expect((await send(egress, url, { method: "HEAD" })).status).toBe(200);
    await egress.close();
  });

  test.each([
    ["of a stranger", stranger, "DEPTH_ZERO_SELF_SIGNED_CERT"],
    ["for another name", forOtherName, "ERR_TLS_CERT_ALTNAME_INVALID"],
  ])("with a certificate %s it is refused, whatever the environment says", async (_name, identity, code) => {
    const egress = testEgress();
    const url = await start(identity);
    process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = "0";
    try {
      const { outcome } = await send(egress, url);
      expect(outcome).toMatchObject({ ok: false, code: "upstream_unreachable", retries: 0 });
      expect(outcome).toHaveProperty("detail", `no connection to ${new URL(url).host} (${code})`);
    } finally {
      delete process.env["NODE_TLS_REJECT_UNAUTHORIZED"];
    }
    await egress.close();
  });

  test("somebody who does not speak TLS", async () => {
    const egress = testEgress();
    const { createServer: createPlain } = await import("node:http");
    const plain = createPlain((_incoming, response) => response.end("plain"));
    await new Promise<void>((resolve) => plain.listen(0, "127.0.0.1", resolve));
    const { outcome } = await send(egress, `https://127.0.0.1:${(plain.address() as AddressInfo).port}/`, {
      method: "POST",
    });
    expect(outcome).toMatchObject({ ok: false, code: "upstream_unreachable" });
    plain.closeAllConnections();
    plain.close();
    await egress.close();
  });
});
