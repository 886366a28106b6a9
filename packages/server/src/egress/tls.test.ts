import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { der, selfSigned } from "./self-signed.test-support.ts";
import { send, testEgress } from "./test-support.ts";

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
