import { createHmac } from "node:crypto";
import { expect, test } from "vitest";
import { readNotices } from "./read-notices.ts";

const NOW = 1_800_000_000_000;
const SECRET = `whsec_${Buffer.from("fake-webhook-secret-0123456789").toString("base64")}`;
const CLERK_USER = {
  type: "user.updated",
  data: {
    id: "user_1",
    first_name: "Ada",
    last_name: "Example",
    email_addresses: [
      { id: "e1", email_address: "old@example.com" },
      { id: "e2", email_address: "ada@example.com" },
    ],
    primary_email_address_id: "e2",
    banned: false,
    updated_at: NOW - 1_000,
  },
};

interface Sending {
  readonly id?: string;
  readonly at?: number;
  readonly secret?: string;
  readonly prefix?: string;
  readonly signature?: (right: string) => string;
}

function signed(
  body: unknown,
  { id = "msg_1", at = NOW, secret = SECRET, prefix = "svix", signature = (right) => right }: Sending = {},
) {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const seconds = String(Math.floor(at / 1000));
  const key = secret.startsWith("whsec_") ? Buffer.from(secret.slice(6), "base64") : secret;
  const right = `v1,${createHmac("sha256", key).update(`${id}.${seconds}.${text}`).digest("base64")}`;
  const headers = { [`${prefix}-id`]: id, [`${prefix}-timestamp`]: seconds, [`${prefix}-signature`]: signature(right) };
  return { headers, body: Buffer.from(text) };
}
const clerk = (body: unknown, sending?: Sending) => readNotices("svix", SECRET, signed(body, sending), NOW);

test("the example of the Standard Webhooks specification", () => {
  const at = 1_614_265_330_000;
  const body = '{"test": 2432232314}';
  const headers = {
    "svix-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "svix-timestamp": "1614265330",
    "svix-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
  };
  const read = readNotices("svix", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", { headers, body: Buffer.from(body) }, at);
  expect(read).toEqual({ ok: true, notices: [] });
});

test("a user of Clerk", () => {
  expect(clerk(CLERK_USER)).toEqual({
    ok: true,
    notices: [
      {
        id: "msg_1",
        saidAt: NOW - 1_000,
        event: {
          type: "user.seen",
          user: { subject: "user_1", email: "ada@example.com", name: "Ada Example", active: true },
        },
      },
    ],
  });
  const banned = { ...CLERK_USER, data: { ...CLERK_USER.data, banned: true } };
  expect(clerk(banned)).toMatchObject({ notices: [{ event: { user: { active: false } } }] });
});

test.each<[string, unknown, unknown]>([
  ["user.deleted", { id: "user_1", deleted: true }, { type: "user.deleted", subject: "user_1" }],
  [
    "organizationMembership.deleted",
    { organization: { id: "org_1", name: "One" }, public_user_data: { user_id: "user_1" } },
    { type: "membership.deleted", subject: "user_1", group: { externalId: "org_1", name: "One" } },
  ],
  [
    "organizationMembership.created",
    { organization: { id: "org_1" }, public_user_data: { user_id: "user_1" } },
    { type: "membership.added", subject: "user_1", group: { externalId: "org_1" } },
  ],
  ["organization.deleted", { id: "org_1" }, { type: "group.deleted", externalId: "org_1" }],
])("Clerk's %s", (type, data, event) => {
  expect(clerk({ type, data })).toMatchObject({ ok: true, notices: [{ id: "msg_1", saidAt: NOW, event }] });
});

test("what is none of the vault's business is passed over; what names nobody is refused", () => {
  expect(clerk({ type: "session.created", data: {} })).toEqual({ ok: true, notices: [] });
  expect(clerk({ type: "user.deleted", data: {} })).toMatchObject({ ok: false, code: "invalid_request" });
  expect(clerk({ type: "user.deleted", data: { id: "a\u0000" } })).toMatchObject({ code: "invalid_request" });
});

test.each<[string, Sending]>([
  ["another secret", { secret: `whsec_${Buffer.from("another").toString("base64")}` }],
  ["no signature", { signature: () => "" }],
  ["another version", { signature: (right) => right.replace("v1", "v2") }],
  ["half a signature", { signature: (right) => right.slice(0, 20) }],
  ["an id that could be read in two ways", { id: "msg.1" }],
  ["an empty id", { id: "" }],
  ["six minutes ago", { at: NOW - 360_000 }],
  ["in six minutes", { at: NOW + 360_000 }],
  ["headers of another make", { prefix: "webhook" }],
])("refuses %s", (_name, sending) => {
  expect(clerk(CLERK_USER, sending)).toMatchObject({ ok: false, code: "directory_unauthorized" });
});

test("a body that was changed, and several signatures while a secret is replaced", () => {
  const sent = signed(CLERK_USER);
  const changed = { ...sent, body: Buffer.from(sent.body.toString().replace("user_1", "user_2")) };
  expect(readNotices("svix", SECRET, changed, NOW)).toMatchObject({ ok: false, code: "directory_unauthorized" });
  expect(clerk(CLERK_USER, { signature: (right) => `v1,AAAA ${right}` })).toMatchObject({ ok: true });
  expect(readNotices("svix", undefined, sent, NOW)).toMatchObject({ ok: false, code: "directory_unauthorized" });
});

test.each<[unknown, unknown]>([
  [
    { type: "user.updated", user_id: "ada", email: "a@example.com" },
    { type: "user.seen", user: { subject: "ada", email: "a@example.com" } },
  ],
  [
    { type: "user.suspended", user_id: "ada" },
    { type: "user.seen", user: { subject: "ada", active: false } },
  ],
  [
    { type: "user.resumed", user_id: "ada" },
    { type: "user.seen", user: { subject: "ada", active: true } },
  ],
  [
    { type: "user.deleted", user_id: "ada" },
    { type: "user.deleted", subject: "ada" },
  ],
  [
    { type: "membership.deleted", user_id: "ada", group_id: "staff" },
    { type: "membership.deleted", subject: "ada", group: { externalId: "staff" } },
  ],
  [
    { type: "group.deleted", group_id: "staff" },
    { type: "group.deleted", externalId: "staff" },
  ],
])("a generic %j", (body, event) => {
  const secret = "fake-generic-secret-0123456789";
  const read = readNotices("generic", secret, signed(body, { secret, prefix: "webhook" }), NOW);
  expect(read).toMatchObject({ ok: true, notices: [{ id: "msg_1", saidAt: NOW, event }] });
});

test.each<unknown>([
  "no json",
  {},
  { type: "user.deleted" },
  { type: "other", user_id: "ada" },
  { type: "user.deleted", user_id: "" },
])("a generic notice that is none: %j", (body) => {
  const secret = "fake-generic-secret-0123456789";
  const read = readNotices("generic", secret, signed(body, { secret, prefix: "webhook" }), NOW);
  expect(read).toMatchObject({ ok: false, code: "invalid_request" });
});

const auth0 = (body: string, authorization: string | undefined = "Bearer fake-log-stream-token") =>
  readNotices("auth0", "fake-log-stream-token", { headers: { authorization }, body: Buffer.from(body) }, NOW);
const entry = (type: string, more: object = {}) => ({
  log_id: `log-${type}`,
  data: { type, date: "2027-01-15T08:00:00.000Z", user_id: "auth0|1", ...more },
});

test("log entries of Auth0, as a list, one by one, and line by line", () => {
  const all = [entry("sdu"), entry("ublkdu"), entry("ubuu"), entry("s")];
  const notices = [
    { id: "log-sdu", saidAt: NOW, event: { type: "user.deleted", subject: "auth0|1" } },
    { id: "log-ublkdu", saidAt: NOW, event: { type: "user.seen", user: { subject: "auth0|1", active: false } } },
    { id: "log-ubuu", saidAt: NOW, event: { type: "user.seen", user: { subject: "auth0|1", active: true } } },
  ];
  expect(auth0(JSON.stringify(all))).toEqual({ ok: true, notices });
  expect(auth0(all.map((one) => JSON.stringify(one)).join("\n"), "fake-log-stream-token")).toEqual({
    ok: true,
    notices,
  });
  expect(auth0(JSON.stringify(all[0]))).toEqual({ ok: true, notices: notices.slice(0, 1) });
});

test("what Auth0 did not send", () => {
  for (const wrong of ["Bearer another", "", "Bearer fake-log-stream-token2"]) {
    expect(auth0("[]", wrong)).toMatchObject({ ok: false, code: "directory_unauthorized" });
  }
  expect(auth0("not json")).toMatchObject({ ok: false, code: "invalid_request" });
  expect(auth0(JSON.stringify([entry("sdu", { user_id: undefined })]))).toMatchObject({ code: "invalid_request" });
  expect(auth0(JSON.stringify([entry("sdu", { date: "soon" })]))).toMatchObject({ code: "invalid_request" });
});
