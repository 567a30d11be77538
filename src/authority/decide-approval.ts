import {
  Fault,
  saltLength,
  toCommitment,
  toEntryBytes,
  toUuidV7,
  type ApprovalId,
  type Digest,
  type EntryId,
  type PasskeyProof,
  type TenantId,
  type Verdict,
} from "../model/index.ts";
import type { Clock } from "../ports/clock.ts";
import type { Openings } from "../ports/openings.ts";
import type { Random } from "../ports/random.ts";
import type { ApprovalRow, ApprovalRows } from "../ports/approval-rows.ts";
import { isAgreed, sealVerdicts } from "../ports/verdicts.ts";
import { readApproval, type ReadApproval } from "./read-approval.ts";

/** One person's word, as it was proven. */
export interface Said {
  readonly word: Verdict["word"];
  /** Of the intent that the person looked at. */
  readonly digest: Digest;
  readonly approver: string;
  readonly credential: string;
  readonly reason: string | null;
  /** Which of the asked-for approvers it stands for. */
  readonly meets: readonly string[];
  readonly passkey: PasskeyProof | null;
}

export interface DecideOptions {
  readonly rows: ApprovalRows;
  readonly openings: Openings;
  readonly clock: Clock;
  readonly random: Random;
}

/** Each is asked anew for what the approval is when it is looked at. */
export interface Deciding {
  readonly say: (read: ReadApproval) => Said;
  /** Throws where nothing is to be decided any more. */
  readonly before?: (read: ReadApproval) => Promise<void>;
}

/** People who decide at the same moment; each looks again at what the others said. */
const maxTries = 20;

/**
 * Adds one word to an approval, with the entry that says so, in one step; it is approved once every
 * asked-for approver was met, and denied by the first no.
 */
export async function decideOnce(
  options: DecideOptions,
  { tenant, id }: { readonly tenant: TenantId; readonly id: ApprovalId },
  { say, before }: Deciding,
): Promise<ApprovalRow["state"]> {
  const { rows, clock } = options;
  for (let tries = 0; tries < maxTries; tries += 1) {
    const row = await rows.get(tenant, id);
    if (row === null) throw new Fault("not_found", `There is no approval ${id}.`);
    const read = await readApproval(options, row);
    await before?.(read);
    const said = say(read);
    const { verdict, entry } = toVerdict(options, read, said);
    const verdicts = [...read.verdicts, verdict];
    const agreed = isAgreed(read.request, verdicts) ? "approved" : "pending";
    const to = said.word === "denied" ? "denied" : agreed;
    const outcome = await rows.decide({
      tenant,
      id,
      intent: said.digest,
      to,
      verdicts: await sealVerdicts(options.openings, row, verdicts),
      seen: row.verdicts,
      entry,
      nowMs: clock.nowMs(),
    });
    if (outcome === "decided") return to;
    if (outcome !== "stale") throw toFault(outcome, id);
  }
  throw new Fault("overloaded", "Too many people decide this approval at once.");
}

/** The ledger names the person by a commitment, so that the name can be erased and the proof stays. */
function toVerdict(
  { clock, random }: DecideOptions,
  { row }: ReadApproval,
  { word, approver, credential, reason, meets, passkey }: Said,
) {
  const atMs = clock.nowMs();
  const id = toUuidV7(atMs, random.bytes(10)) as EntryId;
  const salt = random.bytes(saltLength);
  const leaf = { v: 1, id, tenant: row.tenant, atMs } as const;
  const bytes = toEntryBytes({
    kind: "verdict",
    ...leaf,
    on: "approval",
    approval: row.id,
    intent: row.intent,
    word,
    by: toCommitment(salt, { approver, credential, reason }),
    passkey,
  });
  const kept = { approver, credential, reason, salt: Buffer.from(salt).toString("hex") };
  const verdict: Verdict = { entry: id, word, ...kept, meets, passkey, atMs };
  return { verdict, entry: { id, tenant: row.tenant, bytes } };
}

function toFault(refusal: string, id: ApprovalId): Fault {
  switch (refusal) {
    case "missing":
      return new Fault("not_found", `There is no approval ${id}.`);
    case "expired":
      return new Fault("approval_expired", `Approval ${id} ran out before it was decided.`);
    case "mismatch":
      return new Fault("approval_changed", `The digest is not that of approval ${id}.`);
    default:
      return new Fault("approval_decided", `Approval ${id} is ${refusal} already.`, {
        details: { state: refusal },
      });
  }
}
