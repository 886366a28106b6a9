/**
 * The promises of the README, each with the test that shows it. `coverage.test.ts` fails when a promise has no test, when
 * a test named here does not exist, and when README and this list differ.
 */
export interface Requirement {
  readonly promise: string;
  readonly shownBy: readonly { readonly file: string; readonly test: string }[];
}

const attacks = "test/e2e/attacks.test.ts";
const connect = "test/e2e/connect-attacks.test.ts";
const streaming = "test/e2e/streaming.test.ts";
const refresh = "test/e2e/refresh.test.ts";
const moving = "test/e2e/moving.test.ts";
const server = "packages/server/src";

export const REQUIREMENTS: readonly Requirement[] = [
  {
    promise: "No credential leaves before the decision to use it is durably in the audit log.",
    shownBy: [
      { file: "test/e2e/fail-closed.test.ts", test: "a log that cannot be written" },
      { file: "test/e2e/crash.test.ts", test: "kills under load lose nothing that was acknowledged" },
    ],
  },
  {
    promise: "A signed request works once, also across a restart.",
    shownBy: [
      { file: attacks, test: "a replayed request" },
      { file: attacks, test: "sixteen copies of one request at once: one passes" },
      { file: attacks, test: "a replay after a restart" },
    ],
  },
  {
    promise: "The API key never travels.",
    shownBy: [{ file: "packages/sdk/src/secrecy.test.ts", test: "the key and the derived key do not travel" }],
  },
  {
    promise: "A credential goes only to hosts on its own allow-list.",
    shownBy: [
      { file: attacks, test: "a host off the list" },
      { file: `${server}/egress/allowed-hosts.test.ts`, test: "compileAllowedHosts" },
    ],
  },
  {
    promise: "A name that resolves to a private address is refused at the moment of connecting.",
    shownBy: [
      {
        file: `${server}/egress/lookup-wire.test.ts`,
        test: "an answer that changes: what is resolved is what is connected to, each time anew",
      },
    ],
  },
  {
    promise: "Redirects to another origin never carry the credential.",
    shownBy: [{ file: attacks, test: "to another host on the list: followed without the credential" }],
  },
  {
    promise: "A credential that a provider sends back is taken out of the answer.",
    shownBy: [{ file: streaming, test: "the credential is taken out of an answer" }],
  },
  {
    promise: "What belongs to another app does not exist.",
    shownBy: [
      { file: attacks, test: "unknown and forbidden look the same" },
      { file: `${server}/store/store.contract.ts`, test: "what belongs to another app does not exist" },
    ],
  },
  {
    promise: "Only the browser that went to a provider can come back from it.",
    shownBy: [
      { file: connect, test: "one that keeps no cookies" },
      { file: connect, test: "a victim who is sent the callback of somebody else's attempt; and then it is used up" },
    ],
  },
  {
    promise: "The result of connecting goes only where the app has said beforehand.",
    shownBy: [
      { file: connect, test: "where a result may go" },
      { file: connect, test: "for the session's own origin only" },
    ],
  },
  {
    promise: "Every provider of the catalogue goes from connect to disconnect in a test.",
    shownBy: [
      { file: "test/e2e/providers.test.ts", test: "connect, call, refresh, reconnect, revoke, disconnect" },
      { file: "test/harness/fake-provider/fake-provider.test.ts", test: "the token endpoint refuses" },
    ],
  },
  {
    promise: "However many calls and processes ask at once, a grant is refreshed once.",
    shownBy: [
      { file: refresh, test: "200 calls on an expired grant: one refresh, and nobody sees an error" },
      { file: refresh, test: "four processes, 50 callers each, one expired grant: one refresh" },
    ],
  },
  {
    promise: "A refresh that fails deletes nothing, and is tried again.",
    shownBy: [{ file: refresh, test: "%s: a named error, the grant lives, and works again by itself" }],
  },
  {
    promise: "A kill -9 in the middle of a refresh locks nobody out whom the provider forgives a lost answer.",
    shownBy: [
      {
        file: "test/e2e/refresh-crash.test.ts",
        test: "kill -9 at 300 random moments while refresh tokens rotate: the grant works, every time",
      },
    ],
  },
  {
    promise: "Whatever was acknowledged survives kill -9.",
    shownBy: [{ file: "test/e2e/crash.test.ts", test: "kills under load lose nothing that was acknowledged" }],
  },
  {
    promise: "What one replica changes is in force in all of them within a second.",
    shownBy: [
      {
        file: `${server}/store/postgres/freshness.test.ts`,
        test: "where nothing is heard, it is in force within a second all the same",
      },
      {
        file: `${server}/store/postgres/freshness.test.ts`,
        test: "a stop is acknowledged when no replica decides without it any more",
      },
    ],
  },
  {
    promise: "Replicas of two versions work side by side, and are replaced under load without a failed call.",
    shownBy: [
      { file: "test/e2e/rolling.test.ts", test: "replicas are replaced one by one under load, and no call fails" },
      { file: "test/e2e/rolling.test.ts", test: "old ones go on beside the schema it has expanded" },
      {
        file: `${server}/store/postgres/migrate.test.ts`,
        test: "nothing is taken away while a program still runs that needs it",
      },
    ],
  },
  {
    promise: "One command uses every core of a machine, and starts a process again that dies.",
    shownBy: [
      { file: "test/e2e/workers.test.ts", test: "connections that are kept open spread over the workers" },
      { file: "test/e2e/workers.test.ts", test: "a worker that is killed is started again" },
    ],
  },
  {
    promise:
      "A database that is slow, full, gone or read-only stops calls and nothing else, and the vault recovers by itself.",
    shownBy: [
      { file: "test/e2e/postgres-trouble.test.ts", test: "gone as in a power cut" },
      { file: "test/e2e/postgres-trouble.test.ts", test: "silent: the answer comes all the same" },
      { file: "test/e2e/postgres-trouble.test.ts", test: "for reading only, as a standby after a failover" },
      { file: "test/e2e/postgres-trouble.test.ts", test: "slow: calls take longer and succeed" },
      { file: "test/e2e/postgres-trouble.test.ts", test: "full: refused, since nothing can be written down" },
      {
        file: "test/e2e/postgres-failover.test.ts",
        test: "failed over: refused until the address leads to the new one",
      },
      { file: "test/e2e/sqlite-trouble.test.ts", test: "full: calls are refused until there is room" },
      { file: `${server}/store/postgres/failures.test.ts`, test: "full: nothing of a write that did not fit is there" },
    ],
  },
  {
    promise: "A backup taken under load brings back whatever was acknowledged before it.",
    shownBy: [{ file: moving, test: "rehearsal: backup under load, kill -9, restore into an empty folder" }],
  },
  {
    promise: "A vault moves from one storage to the other whole and verified, or not at all.",
    shownBy: [
      { file: `${server}/moving/moving.test.ts`, test: "and back: every row of every table is the same" },
      { file: `${server}/moving/moving.test.ts`, test: "a filling that fails anywhere leaves an empty place" },
      {
        file: `${server}/store/moved-tables.test.ts`,
        test: "every table of both schemas moves, or stays behind for a",
      },
      { file: moving, test: "an import that is killed leaves no vault, and is made again" },
    ],
  },
  {
    promise: "What was signed for a vault is not taken by the one that it moved to.",
    shownBy: [{ file: moving, test: "a captured request is not taken by the new vault, and the SDK goes on" }],
  },
  {
    promise: "A changed, removed or reordered audit entry is noticed.",
    shownBy: [{ file: `${server}/audit/verify.test.ts`, test: "a row changed" }],
  },
  {
    promise:
      "What retention removes from the log leaves a log that verifies, and nobody else can remove as much as a row.",
    shownBy: [
      { file: `${server}/audit/retention.test.ts`, test: "what is older goes; the rest verifies" },
      { file: `${server}/audit/retention.test.ts`, test: "one more row removed at the front" },
    ],
  },
  {
    promise: "Secrets at rest cannot be read, nor moved to another record.",
    shownBy: [
      { file: `${server}/crypto/envelope.test.ts`, test: "a value moved to %s does not open" },
      { file: "test/e2e/leaks.test.ts", test: "in no file of the data directory" },
    ],
  },
  {
    promise:
      "When a user was erased, nothing that is stored names them, and a copy of what was sealed for them does not open.",
    shownBy: [
      { file: "test/e2e/erasure.test.ts", test: "then is nowhere any more; the log still verifies" },
      { file: `${server}/crypto/user-keys.test.ts`, test: "a copy of what was sealed does not open any more" },
    ],
  },
  {
    promise: "Keys rotate online, and grants keep their ids.",
    shownBy: [{ file: "test/e2e/rotation.test.ts", test: "calls go on while every key is rotated" }],
  },
  {
    promise: "Bodies stream both ways in constant memory.",
    shownBy: [{ file: streaming, test: "a gigabyte in constant memory" }],
  },
  {
    promise: "A tool call that is run again does not act twice, and what nobody knows the end of is not repeated.",
    shownBy: [
      { file: "test/e2e/tool-calls.test.ts", test: "the recorded answer comes back" },
      { file: "test/e2e/tool-calls.test.ts", test: "many at once have one effect" },
      { file: "test/e2e/tool-calls.test.ts", test: "killed between claim and outcome" },
    ],
  },
  {
    promise: "A rule can only take away, and one that cannot be evaluated denies.",
    shownBy: [
      { file: `${server}/policy/rules.property.test.ts`, test: "adding a rule never allows more" },
      { file: `${server}/policy/rules.property.test.ts`, test: "a rule that throws denies" },
      { file: "test/e2e/policies.test.ts", test: "a streamed body cannot be looked into" },
    ],
  },
  {
    promise: "A policy that was taken back decides nothing more, on any replica, once that is acknowledged.",
    shownBy: [
      { file: "test/e2e/policies.test.ts", test: "what is withdrawn is withdrawn at once" },
      {
        file: `${server}/store/postgres/freshness.test.ts`,
        test: "a stop is acknowledged when no replica decides without it any more",
      },
    ],
  },
  {
    promise: "The rules and Cedar agree.",
    shownBy: [{ file: `${server}/policy/cedar/differential.test.ts`, test: "the vault and Cedar agree on" }],
  },
  {
    promise: "A rate limit lets through what it says and no more, also over restarts.",
    shownBy: [
      { file: "test/e2e/policies.test.ts", test: "a rate limit lets through what it says" },
      {
        file: `${server}/store/postgres/postgres-store.test.ts`,
        test: "four replicas and 32 clients get what a rate limit lets through",
      },
    ],
  },
  {
    promise:
      "No more calls run at the same time than a rule says, over all replicas, and a replica that died holds no place.",
    shownBy: [
      { file: "test/e2e/replica-limits.test.ts", test: "never more at the same time than the rule says" },
      { file: "test/e2e/replica-limits.test.ts", test: "kill -9 of a replica" },
      { file: "test/e2e/policies.test.ts", test: "a place is free again, however its call has ended" },
    ],
  },
  {
    promise: "Whoever repeats a request uses up nobody's limits, and has nobody asked to approve it again.",
    shownBy: [
      { file: "test/e2e/policies.test.ts", test: "uses up no rate, no budget and no place" },
      { file: "test/e2e/policies.test.ts", test: "has nobody asked to approve it again" },
      { file: "test/e2e/replica-limits.test.ts", test: "a request that is repeated at every replica" },
    ],
  },
  {
    promise: "An approval is for one exact call, made once, and checked anew when it is made.",
    shownBy: [
      { file: "test/e2e/approvals.test.ts", test: "an approval is for that very call" },
      { file: "test/e2e/approvals.test.ts", test: "a grant that was revoked meanwhile opens nothing" },
      { file: "test/e2e/approvals.test.ts", test: "while it is being made: it is not made again" },
    ],
  },
  {
    promise: "Nobody approves a call of their own.",
    shownBy: [{ file: "test/e2e/approvals.test.ts", test: "nobody approves a call of their own" }],
  },
  {
    promise:
      "Asking whether a call would be allowed does nothing of it, tells of nobody else, and every no is written down.",
    shownBy: [
      { file: "test/e2e/preview.test.ts", test: "it says what making the call then says" },
      { file: "test/e2e/preview.test.ts", test: "approval_required: nobody is asked, and there is no link" },
      {
        file: "test/e2e/preview.test.ts",
        test: "others do not exist: another app's grant, another user's, what an agent was not given",
      },
    ],
  },
  {
    promise:
      "A user token is believed only from an issuer of the app, for its audience, by a key that the issuer publishes.",
    shownBy: [
      { file: "test/e2e/identity-attacks.test.ts", test: "is signed with the public key as a secret (HS256)" },
      { file: "test/e2e/identity-attacks.test.ts", test: "is of another app's issuer" },
      { file: "test/e2e/issuer-attacks.test.ts", test: "an issuer that leads inside" },
    ],
  },
  {
    promise: "Keys of an issuer change under load without a failed call.",
    shownBy: [{ file: "test/e2e/issuers.test.ts", test: "keys that change under load" }],
  },
  {
    promise: "Another user's grant does not exist, and neither does what an agent was not given.",
    shownBy: [
      {
        file: "test/e2e/identity-attacks.test.ts",
        test: "by its id, with a token, without one, and in the place of one that never was: one answer",
      },
      { file: "test/e2e/agent-attacks.test.ts", test: "reaches nothing of the app, of users, of groups" },
    ],
  },
  {
    promise: "A session and what it was made from only ever get narrower.",
    shownBy: [{ file: "test/e2e/session-attacks.test.ts", test: "is not widened by its child: %s" }],
  },
  {
    promise: "Whoever is suspended, deleted, or out of a group is refused from the next call on, whatever tokens say.",
    shownBy: [
      {
        file: "test/e2e/identity-attacks.test.ts",
        test: "the next call is refused, whatever is remembered of the token",
      },
      { file: "test/e2e/directory.test.ts", test: "whoever left a group does not come back by a token from before" },
    ],
  },
  {
    promise: "A caller who leaves ends the call at the provider.",
    shownBy: [{ file: streaming, test: "a caller who leaves ends the call at the provider" }],
  },
  {
    promise: "No credential is in a log line, an error, a metric or a database file.",
    shownBy: [{ file: "test/e2e/leaks.test.ts", test: "in no answer of the vault or of the SDK" }],
  },
];
