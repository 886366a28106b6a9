import { setTimeout as sleep } from "node:timers/promises";
import { policy, rule } from "@alter-vault/protocol";
import { afterEach, beforeEach, expect, test } from "vitest";
import { expectWritten } from "../harness/expect-written.ts";
import { getThrough, rawCall, sendMessage, signedMessage, type RawAnswer } from "../harness/raw-call.ts";
import { startReplicas, type Replicas } from "../harness/replicas.ts";
import type { Answer } from "../harness/upstream.ts";

/*
 * Limits that several replicas count together: how many calls are on their way, also when one of them dies with some.
 */
let replicas: Replicas;
let running: number;
let most: number;
let answer: Answer;

beforeEach(async () => {
  running = 0;
  most = 0;
  answer = (_call, response) => void setTimeout(() => response.end("fine"), 40);
  replicas = await startReplicas(3, (call, response, request) => {
    most = Math.max(most, ++running);
    response.once("close", () => running--);
    answer(call, response, request);
  });
});
afterEach(() => replicas.stop());

const publish = (calls: number) =>
  replicas.operator.call("publishPolicy", {
    body: { document: policy({ rules: [rule("few").concurrency({ calls, per: "grant" })] }) },
  });
const call = (at: number, path = "/x"): Promise<RawAnswer> => {
  const url = replicas.all[at % replicas.all.length]?.url ?? "";
  return rawCall(url, replicas.apiKey, { alter: getThrough(replicas.grantId, `${replicas.target}${path}`) });
};
const held = () => replicas.storage.query<{ holder: string }>("", "SELECT holder FROM policy_slots");
/** Too many, by that rule: written down, and not sent. */
async function expectLimited({ problem }: RawAnswer, rule_id: string, sent: number): Promise<void> {
  expect(problem).toMatchObject({ code: "rate_limited", rule_id });
  await expectWritten(replicas.operator, problem, { rule: rule_id, outcome: "none" });
  expect(replicas.upstream.calls).toHaveLength(sent);
}
async function untilReached(count: number): Promise<void> {
  for (let attempt = 0; running < count; attempt++) {
    if (attempt > 500) throw new Error(`only ${running} calls arrived`);
    await sleep(10);
  }
}

test("never more at the same time than the rule says, whichever replica they come to", async () => {
  await publish(3);
  const answers: RawAnswer[] = [];
  const client = async (at: number): Promise<void> => {
    for (let round = 0; round < 12; round++) answers.push(await call(at + round));
  };
  await Promise.all(Array.from({ length: 12 }, (_, at) => client(at)));
  expect(most).toBe(3);
  const passed = answers.filter(({ status }) => status === 200);
  expect(passed.length).toBe(replicas.upstream.calls.length);
  expect(passed.length).toBeGreaterThan(20);
  const refused = answers.filter(({ status }) => status !== 200);
  expect(new Set(refused.map(({ problem }) => `${problem?.code} ${problem?.rule_id}`))).toEqual(
    new Set(["rate_limited few"]),
  );
  expect(await held()).toEqual([]);
  const { entries } = await replicas.operator.call("listAudit", { query: { limit: 100 } });
  const denied = entries.filter(({ decision, kind }) => kind === "request" && decision === "deny");
  expect(denied[0]).toMatchObject({ rule: "few", code: "rate_limited", outcome: "none" });
});

test("one after the other is never too many, from one replica to the next", async () => {
  await publish(1);
  answer = (_call, response) => void response.end("fine");
  const codes: number[] = [];
  for (let round = 0; round < 120; round++) codes.push((await call(round)).status);
  expect(codes.filter((status) => status !== 200)).toEqual([]);
});

test("kill -9 of a replica: its calls hold their places for half a minute at most, and nothing else does", async () => {
  await publish(2);
  answer = () => undefined;
  const lost = [call(0), call(0)].map((calling) => calling.catch(() => null));
  await untilReached(2);
  const [first] = await held();
  expect(await held()).toHaveLength(2);
  await replicas.all[0]?.kill();
  await Promise.all(lost);
  answer = (_call, response) => void response.end("fine");
  await expectLimited(await call(1), "few", 2);
  const passTime = (seconds: number) =>
    replicas.storage.query(
      "",
      `UPDATE chains SET seen_at = seen_at - interval '${seconds} seconds' WHERE writer = ?`,
      first?.holder ?? "",
    );
  await passTime(20);
  await expectLimited(await call(2), "few", 2);
  await passTime(10);
  expect([(await call(1)).status, (await call(2)).status]).toEqual([200, 200]);
  // It comes back, as another process; what the dead one left behind is in nobody's way.
  await replicas.all[0]?.start();
  expect((await call(0)).status).toBe(200);
});

test("a replica that is stopped in good order leaves no place behind", async () => {
  await publish(1);
  answer = () => undefined;
  const cut = call(0).catch(() => null);
  await untilReached(1);
  await replicas.all[0]?.stop();
  await cut;
  expect(await held()).toEqual([]);
  answer = (_call, response) => void response.end("fine");
  expect((await call(1)).status).toBe(200);
});

test("a request that is repeated at every replica takes no place and no part of a rate", async () => {
  const rules = [
    rule("few").concurrency({ calls: 1, per: "grant" }),
    rule("calm").rateLimit({ calls: 3, window_seconds: 600, per: "grant" }),
  ];
  await replicas.operator.call("publishPolicy", { body: { document: policy({ rules }) } });
  const alter = getThrough(replicas.grantId, `${replicas.target}/once`);
  const [first, second] = replicas.all.map(({ url }) => url);
  const message = signedMessage(first ?? "", replicas.apiKey, { alter });
  expect((await sendMessage(first ?? "", message)).status).toBe(200);
  const host = new URL(first ?? "").host;
  const copies = await Promise.all(
    Array.from({ length: 40 }, (_, at) =>
      sendMessage((at % 2 === 0 ? first : second) ?? "", { ...message, headers: { ...message.headers, host } }),
    ),
  );
  expect(copies.map(({ problem }) => problem?.code)).toEqual(Array(40).fill("request_replayed"));
  for (const { problem } of copies) await expectWritten(replicas.operator, problem);
  expect([(await call(1)).status, (await call(2)).status]).toEqual([200, 200]);
  await expectLimited(await call(0), "calm", 3);
});
