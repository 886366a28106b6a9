import { describe, expect, test } from "vitest";
import { AddressForbiddenError, createLookup, type ResolvedAddress } from "./lookup.ts";

const answer = (...addresses: string[]): ResolvedAddress[] =>
  addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 }));

function run(addresses: string[], hostname = "api.example.com", allowLoopback = false, all = true): Promise<unknown> {
  const lookup = createLookup(() => Promise.resolve(answer(...addresses)), { allowLoopback });
  return new Promise((resolve) => {
    lookup(hostname, { all }, (error, address, family) => resolve(error ?? (all ? address : [address, family])));
  });
}

describe("createLookup", () => {
  test("hands over all addresses that were checked, in their order", async () => {
    expect(await run(["8.8.8.8", "2606:4700::1111"])).toEqual([
      { address: "8.8.8.8", family: 4 },
      { address: "2606:4700::1111", family: 6 },
    ]);
  });

  test("hands over the first one when asked for one", async () => {
    expect(await run(["2606:4700::1111", "8.8.8.8"], "api.example.com", false, false)).toEqual(["2606:4700::1111", 6]);
  });

  test.each([
    [["127.0.0.1"]],
    [["8.8.8.8", "10.0.0.1"]],
    [["10.0.0.1", "8.8.8.8"]],
    [["8.8.8.8", "::ffff:7f00:1"]],
    [["8.8.8.8", "fd00:ec2::254"]],
    [["8.8.8.8", "not an address"]],
  ])("refuses %j as a whole", async (addresses) => {
    expect(await run(addresses)).toBeInstanceOf(AddressForbiddenError);
  });

  test("loopback is for localhost and the operator's switch together", async () => {
    expect(await run(["127.0.0.1"], "localhost", true)).toHaveLength(1);
    expect(await run(["127.0.0.1"], "localhost", false)).toBeInstanceOf(AddressForbiddenError);
    expect(await run(["127.0.0.1"], "api.example.com", true)).toBeInstanceOf(AddressForbiddenError);
    expect(await run(["127.0.0.1"], "localhost.evil.example", true)).toBeInstanceOf(AddressForbiddenError);
    expect(await run(["127.0.0.1", "10.0.0.1"], "localhost", true)).toBeInstanceOf(AddressForbiddenError);
  });

  test("no address, or no answer, is an error", async () => {
    expect(await run([])).toMatchObject({ code: "ENOTFOUND" });
    const failure = Object.assign(new Error("no answer"), { code: "EAI_AGAIN" });
    const lookup = createLookup(() => Promise.reject(failure), { allowLoopback: false });
    expect(await new Promise((resolve) => lookup("api.example.com", { all: true }, resolve))).toBe(failure);
  });

  test("asks once per connection", async () => {
    const answers = [answer("8.8.8.8"), answer("127.0.0.1")];
    const lookup = createLookup(() => Promise.resolve(answers.shift() ?? []), { allowLoopback: false });
    const ask = (): Promise<unknown> =>
      new Promise((resolve) => lookup("api.example.com", { all: true }, (error, found) => resolve(error ?? found)));
    expect(await ask()).toEqual(answer("8.8.8.8"));
    expect(await ask()).toBeInstanceOf(AddressForbiddenError);
  });
});
