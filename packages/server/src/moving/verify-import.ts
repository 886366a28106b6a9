import type { AuditVerification } from "@alter-vault/protocol";
import { checkpointKeyOpens, checkpointPublicKey } from "../audit/checkpoints.ts";
import { verifyLog } from "../audit/verify.ts";
import type { Clock } from "../clock.ts";
import { MasterKeyMissing, type KeyProvider } from "../crypto/key-provider.ts";
import { openKeyring, type Keyring } from "../crypto/keyring.ts";
import type { NewId, RandomBytes } from "../random.ts";
import type { Store } from "../store/store.ts";
import type { Progress } from "./export-vault.ts";
import { MovingProblem } from "./moving-problem.ts";

export interface Verified {
  readonly audit: AuditVerification;
  readonly sealed: { readonly total: number; readonly opened: number };
}

interface VerifyDeps {
  readonly provider: KeyProvider;
  readonly acceptDamage: boolean;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly newId: NewId;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

const AT_ONCE = 50;
const MOST_NAMED = 5;

/** Goes over the whole log, and opens every sealed value with the master key that is there. Throws {@link MovingProblem}. */
export async function verifyImport(store: Store, deps: VerifyDeps): Promise<Verified> {
  const { acceptDamage, onProgress } = deps;
  const keyring = await keyringOf(store, deps);
  const { total } = await store.countSealed();
  const unreadable = await openAll(store, keyring, (done) => onProgress?.({ step: "sealed", done, total }));
  if (!(await checkpointKeyOpens(store, keyring))) unreadable.push("setting:checkpoint_key");
  if (unreadable.length > 0 && !acceptDamage) {
    const named = unreadable.slice(0, MOST_NAMED).join(", ");
    throw notVerified(`${unreadable.length} of ${total} sealed values cannot be opened: ${named}`);
  }
  const publicKey = await checkpointPublicKey(store);
  const audit = await verifyLog({
    store,
    publicKey,
    kept: [],
    onProgress: (done) => onProgress?.({ step: "audit", done }),
  });
  if (!audit.ok && !acceptDamage) {
    const [first] = audit.problems;
    throw notVerified(`the audit log is not whole: row ${first?.seq} of ${first?.writer}: ${first?.problem}`);
  }
  return { audit, sealed: { total, opened: total - unreadable.length } };
}

async function keyringOf(store: Store, deps: VerifyDeps): Promise<Keyring> {
  try {
    return await openKeyring({ ...deps, store });
  } catch (error) {
    if (!(error instanceof MasterKeyMissing)) throw notVerified("a data key cannot be unwrapped", error);
    throw new MovingProblem(
      "export_wrong_key",
      `what was exported is sealed with another master key: ${error.message}`,
      "Put the master key of the vault that was exported in its place; it is kept apart from the export.",
      { cause: error },
    );
  }
}

/** The records whose values do not open. */
async function openAll(store: Store, keyring: Keyring, onProgress: (done: number) => void): Promise<string[]> {
  const unreadable: string[] = [];
  let done = 0;
  for (let after: string | null = ""; after !== null;) {
    const page: Awaited<ReturnType<Store["sealedRecords"]>> = await store.sealedRecords(after, AT_ONCE);
    for (const { context, sealed } of page.records) {
      const opened = keyring.open(context, sealed);
      if (opened.ok) opened.plain.fill(0);
      else unreadable.push(context.record);
    }
    onProgress((done += page.records.length));
    after = page.next;
  }
  return unreadable;
}

function notVerified(detail: string, cause?: unknown): MovingProblem {
  return new MovingProblem(
    "import_not_verified",
    `${detail}; nothing was imported`,
    "Run `alter-vault audit verify` and `doctor` where it was exported. If it is so there, too, --accept-damage imports it as it is.",
    { cause },
  );
}
