import { join } from "node:path";
import type { AuditVerification } from "@alter-vault/protocol";
import { openCheckpointer } from "./audit/checkpoints.ts";
import { openAuditLog } from "./audit/log.ts";
import { createRefusalLimit } from "./audit/refusal-limit.ts";
import { writeEntryBody } from "./audit/entry-body.ts";
import { createRetentionKeeper } from "./audit/retention.ts";
import { verifyDataDir } from "./audit/verify-data-dir.ts";
import { createApprovalLinks } from "./approvals/approval-links.ts";
import { createApprovalRunner } from "./approvals/approval-runner.ts";
import { createApprovals } from "./approvals/approvals.ts";
import { createCallLimits } from "./call-limits.ts";
import { chores, sharedChores } from "./chores.ts";
import type { Clock } from "./clock.ts";
import type { Config } from "./config.ts";
import { callbackUrl, createConnect } from "./connect/connect.ts";
import { createOAuth, type OAuth } from "./credential/oauth/oauth.ts";
import { createDirectory } from "./directory/directory.ts";
import type { KeyProvider } from "./crypto/key-provider.ts";
import { openKeyring, type Keyring } from "./crypto/keyring.ts";
import type { ConnectionOpener } from "./egress/connection-pools.ts";
import { createAsk } from "./egress/ask.ts";
import { createEgress } from "./egress/egress.ts";
import { DEFAULT_EGRESS_LIMITS, type EgressLimits } from "./egress/limits.ts";
import { createApp, type RequestListener } from "./http/app.ts";
import { keepHouse } from "./housekeeping.ts";
import { resourceRoutes } from "./http/routes/routes.ts";
import { createKeySource } from "./identity/jwks.ts";
import { createKeyRates } from "./identity/key-use.ts";
import { createUserTokens } from "./identity/user-token.ts";
import { createSigningKeyOpener } from "./identity/api-keys.ts";
import { describeError, type Logger } from "./logger.ts";
import { createMetrics } from "./metrics.ts";
import { originOf, recordImport } from "./moving/imported-vault.ts";
import { createPolicyCache } from "./policy/policy-cache.ts";
import type { NewId, RandomBytes } from "./random.ts";
import { createReadiness } from "./readiness.ts";
import { StorageTooNew, type Store } from "./store/store.ts";
import { createToolCalls } from "./tool-calls/tool-calls.ts";
import { createVault } from "./vault.ts";
import { VERSION } from "./version.ts";
import type { WorkerPlace } from "./workers/worker-place.ts";

/** Puts the vault together from a store, a key provider, a clock and randomness. Listens to nothing yet. */
export interface Parts {
  readonly config: Config;
  readonly store: Store;
  readonly provider: KeyProvider;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly newId: NewId;
  readonly logger: Logger;
  /** Where browsers and providers reach the vault: an origin. Known once the vault listens, and not asked for before. */
  readonly publicUrl: () => string;
  /** Null or left out: this is the only process of its kind here. */
  readonly worker?: WorkerPlace | null | undefined;
  /** For tests: how egress reaches a provider. Nothing of the configuration or the environment sets it. */
  readonly connect?: ConnectionOpener | undefined;
}

export interface RunningVault {
  readonly app: RequestListener;
  readonly keyring: Keyring;
  readonly store: Store;
  readonly oauth: OAuth;
  /** What this process is called where it holds something in the store. */
  readonly processName: string;
  /** From now on it is not ready, but takes calls all the same. */
  beginDrain(): void;
  /** From now on new calls are told that the vault is stopping. */
  beginStop(): void;
  /** Writes all that waits and closes everything. Call it when no call is open any more. */
  close(): Promise<void>;
}

export async function startVault({
  config,
  store,
  provider,
  clock,
  random,
  newId,
  logger,
  publicUrl,
  worker = null,
  connect: openConnection,
}: Parts): Promise<RunningVault> {
  const keyring = await openKeyring({ store, provider, clock, random, newId });
  await store.prepareLog(clock.now());
  for (const ended of worker?.ended ?? []) await store.endProcess(ended, clock.now());
  const processName = newId();
  const { writer } = await store.openChain(processName);
  const metrics = createMetrics(worker);
  const failed = (event: string) => (error: unknown) => logger.error(event, { error: describeError(error) });
  const checkpoints = await openCheckpointer({
    store,
    keyring,
    clock,
    writer,
    filePath: join(config.dataDir, "checkpoints.jsonl"),
    onFailure: failed("checkpoint failed"),
  });
  const log = await openAuditLog({
    store,
    clock,
    newId,
    writer,
    write: (entryId, body) => writeEntryBody(keyring, entryId, body),
    onCommit(rows, head) {
      metrics.committed(rows);
      checkpoints.committed(rows, head);
    },
    onFailure(error) {
      metrics.commitFailed();
      failed("audit commit failed")(error);
    },
  });
  const origin = await originOf(store, clock);
  if (origin.news) await recordImport(log, origin.news);
  const egress = createEgress({
    allowLoopback: config.allowLoopbackUpstreams,
    limits: egressLimits(config),
    random: () => random(4).readUInt32BE() / 2 ** 32,
    now: () => clock.monotonic(),
    connect: openConnection,
  });
  const allowLoopback = config.allowLoopbackUpstreams;
  const ask = createAsk(egress, { allowLoopback });
  const now = (): number => clock.now();
  const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
  const keys = createKeySource({ ask, now, sleep });
  const userTokens = createUserTokens({ store, keys, now, newId });
  const oauth = createOAuth({ store, keyring, egress, log, clock, random, newId, allowLoopback });
  const toolCalls = createToolCalls({ store, keyring, clock });
  const approvalLinks = createApprovalLinks({ store, clock, random, publicUrl });
  const limits = createCallLimits({
    store,
    holder: writer,
    clock,
    sleep,
    onFailure: failed("giving back a limit failed"),
  });
  const vault = createVault({
    store,
    keyring,
    refresher: oauth.refresher,
    userTokens,
    keyRates: createKeyRates(),
    openSigningKey: createSigningKeyOpener(keyring),
    signedAfter: origin.signedAfter,
    log,
    refusalLimit: createRefusalLimit(),
    egress,
    toolCalls,
    clock,
    holder: writer,
    allowLoopback,
    policies: createPolicyCache(store, failed("policy unreadable")),
    limits,
    approvals: createApprovals({ store, keyring, clock, newId, links: approvalLinks }),
  });
  const approvalRunner = createApprovalRunner({ store, vault, clock, onFailure: failed("approved call failed") });
  const connect = createConnect({
    store,
    keyring,
    engine: oauth.engine,
    log,
    // Of its own: a flood of links does not silence what is refused at the door.
    refusalLimit: createRefusalLimit(),
    clock,
    random,
    newId,
    publicUrl,
    allowLoopback,
  });
  const directory = createDirectory({
    store,
    keyring,
    oauth,
    log,
    // Of its own, too.
    refusalLimit: createRefusalLimit(),
    clock,
    newId,
    publicUrl,
  });
  const retention = createRetentionKeeper({ store, keyring, log, clock, sleep });
  const verifyAudit = async (): Promise<AuditVerification> => {
    await log.flush();
    return verifyDataDir(store, config.dataDir);
  };

  const readiness = createReadiness({ version: VERSION, askStorage: () => store.chainHead(writer) });
  const checkVersion = (): Promise<void> =>
    store.checkVersion().catch((error: unknown) => {
      if (error instanceof StorageTooNew) readiness.outdated();
      throw error;
    });

  const housekeeping = keepHouse(
    [
      ...chores({
        store,
        clock,
        writer,
        checkpoints,
        retention,
        refresher: oauth.refresher,
        connect,
        directory,
        toolCalls,
      }),
      ...(store.isShared ? sharedChores({ checkVersion, limits, keyring, approvalRunner }) : []),
    ],
    failed,
  );
  // What a crash interrupted may have reached the provider: it is finished before the old tokens are forgotten there.
  await store.breakOAuthLeases();
  await store.abandonToolCalls();
  // Of whoever wrote the chain before.
  await limits.sweep();
  void oauth.refresher.sweep().catch(failed("refreshing failed"));
  // Of calls that were being made when the vault stopped nobody knows the end; those that were not begun are made now.
  await approvalRunner.recover();
  void retention.keep().catch(failed("removing old entries failed"));
  // A rotation that was cut short goes on here.
  void keyring.reseal().catch(failed("resealing failed"));

  const app = createApp({
    approvals: { store, keyring, log, clock, runner: approvalRunner, links: approvalLinks },
    vault,
    connect,
    directory,
    publicUrl,
    proxies: config.proxies,
    routes: resourceRoutes({
      store,
      keyring,
      oauth,
      ask,
      userTokens,
      publicUrl,
      approvalRunner,
      approvalLinks,
      log,
      clock,
      random,
      newId,
      allowLoopback,
      connect,
      callbackUrl: () => callbackUrl(publicUrl()),
      verifyAudit,
    }),
    limits: config.limits,
    publicAuthority: config.publicUrl?.host ?? null,
    metricsToken: config.metricsToken,
    openMetrics: config.mode === "dev",
    metrics,
    logger,
    clock,
    version: VERSION,
    readiness,
  });

  return {
    app,
    keyring,
    store,
    oauth,
    processName,
    beginDrain: () => readiness.drain(),
    beginStop: () => readiness.stop(),
    async close() {
      readiness.stop();
      housekeeping.stop();
      await approvalRunner.close();
      await oauth.close();
      await egress.close();
      await log.close();
      await checkpoints.close();
      await housekeeping.settled();
      // Calls that were cut off at the end of the patience have no other moment.
      await store.keepSlots(writer, []).catch(failed("freeing places failed"));
      await store.closeChain(writer).catch(failed("closing the chain failed"));
      await store.close();
    },
  };
}

function egressLimits({ limits }: Config): EgressLimits {
  const { connectTimeoutMs, headersTimeoutMs, idleTimeoutMs, maxResponseBytes, connectionsPerOrigin } = limits;
  return {
    ...DEFAULT_EGRESS_LIMITS,
    connectTimeoutMs,
    headersTimeoutMs,
    idleTimeoutMs,
    maxResponseBytes,
    connectionsPerOrigin,
  };
}
