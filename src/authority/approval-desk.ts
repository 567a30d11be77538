import {
  Fault,
  type ApprovalId,
  type Intent,
  type TenantId,
  type Verdict,
} from "../model/index.ts";
import type { ApprovalRow, ApprovalRows } from "../ports/approval-rows.ts";
import type { ApprovalEvent } from "./approvals.ts";
import { decideOnce, type DecideOptions, type Said } from "./decide-approval.ts";
import type { Approving } from "./keyring.ts";
import type { IntentSigned, SigningBegun } from "./passkey-parts.ts";
import type { Passkeys } from "./passkeys.ts";
import { readApproval, type ReadApproval } from "./read-approval.ts";
import { isAgreed } from "../ports/verdicts.ts";
import type { PasskeyRefusal } from "../ports/passkey-refusal.ts";

/** Where people decide: each with a credential of their own, never the side that asked. */
export interface ApprovalDesk {
  read(tenant: TenantId, id: ApprovalId): Promise<ReadApproval>;
  list(
    tenant: TenantId,
    query: { readonly state?: ApprovalRow["state"]; readonly limit: number },
  ): Promise<readonly ReadApproval[]>;
  /** The last call of the same tool that somebody agreed to and that was made. */
  readLast(read: ReadApproval): Promise<ReadApproval | null>;
  /** What a passkey signs: the digest of the intent. */
  beginSigning(person: Person, id: ApprovalId): Promise<SigningBegun | PasskeyRefusal>;
  decide(person: Person, id: ApprovalId, word: Word): Promise<ApprovalRow["state"]>;
}

export interface Person extends Approving {
  /** Id of the key or token. */
  readonly credential: string;
  readonly roles: readonly string[];
}

export interface Word extends Pick<Said, "word" | "digest" | "reason"> {
  /** A passkey's, as the browser gives it; null: none. */
  readonly assertion: unknown;
}

export interface DeskOptions extends DecideOptions {
  readonly rows: ApprovalRows;
  readonly passkeys: Pick<Passkeys, "beginSigning" | "sign">;
  /** Whether what an intent names is still so: its tool as it was, and not blocked. */
  readonly stillHolds: (intent: Intent) => boolean;
  readonly tell: (event: ApprovalEvent) => void;
  /** Once it is decided: how long it had waited. Absent: nobody wants to know. */
  readonly onDecided?: (word: "approved" | "denied", waitedMs: number) => void;
}

export function createApprovalDesk(options: DeskOptions): ApprovalDesk {
  const { rows, passkeys } = options;

  async function read(tenant: TenantId, id: ApprovalId): Promise<ReadApproval> {
    const row = await rows.get(tenant, id);
    if (row === null) throw new Fault("not_found", `There is no approval ${id}.`);
    return readApproval(options, row);
  }

  return {
    read,
    async list(tenant, query) {
      const found = await rows.list(tenant, { ...query, newestFirst: query.state !== "pending" });
      return Promise.all(found.map((row) => readApproval(options, row)));
    },
    async readLast({ row: { tenant }, request: { server, tool } }) {
      const last = tool === null ? null : await rows.lastConsumed(tenant, server, tool);
      const found = last === null ? null : await readApproval(options, last);
      return found !== null && isLast(found, { server, tool }) ? found : null;
    },
    async beginSigning(person, id) {
      const { row } = await read(person.tenant, id);
      return passkeys.beginSigning(person, row.intent);
    },
    decide: (person, id, word) => decide(options, person, { id, word }),
  };
}

/** Columns of a row are believed by nobody: people did agree to it, and it was of this tool. */
function isLast(
  { request, verdicts }: ReadApproval,
  { server, tool }: Pick<ReadApproval["request"], "server" | "tool">,
): boolean {
  return request.server === server && request.tool === tool && isAgreed(request, verdicts);
}

interface Deciding {
  readonly id: ApprovalId;
  readonly word: Word;
}

async function decide(
  options: DeskOptions,
  person: Person,
  { id, word }: Deciding,
): Promise<ApprovalRow["state"]> {
  const { tenant } = person;
  const proof = await readProof(options, person, word);
  let askedAtMs = 0;
  const say = (read: ReadApproval): Said => {
    askedAtMs = read.row.createdAtMs;
    const meets = listMet(person, read);
    checkFirstWord(person, read);
    if (word.word === "approved") checkPasskey(read, meets, proof);
    const { subject: approver, credential } = person;
    const { assertion: _, ...said } = word;
    return { ...said, approver, credential, meets, passkey: proof };
  };
  const before = (read: ReadApproval): Promise<void> => checkHolds(options, read);
  const state = await decideOnce(options, { tenant, id }, { say, before });
  options.tell({ kind: "decided", tenant, id });
  if (state === "approved" || state === "denied")
    options.onDecided?.(state, Math.max(0, options.clock.nowMs() - askedAtMs));
  return state;
}

/** A no needs no passkey, and none stands under it. */
async function readProof(
  { passkeys }: DeskOptions,
  person: Person,
  { word, digest, assertion }: Word,
): Promise<IntentSigned["proof"] | null> {
  if (word === "denied" || assertion === null) return null;
  const signed = await passkeys.sign(person, digest, assertion);
  if (signed.kind === "signed") return signed.proof;
  throw new Fault("passkey_refused", signed.message, { details: { why: signed.why } });
}

/** What was asked for has changed meanwhile: nobody agrees to something that cannot happen any more. */
async function checkHolds(
  { rows, stillHolds, tell }: DeskOptions,
  { row, opening }: ReadApproval,
): Promise<void> {
  if (row.state !== "pending" || (opening !== null && stillHolds(opening.intent))) return;
  await rows.void(row.tenant, row.id);
  tell({ kind: "withdrawn", tenant: row.tenant, id: row.id });
  throw new Fault("approval_changed", "The tool is not what it was when this was asked for.");
}

/** Of those that have to agree, whom this person stands for. */
function listMet(person: Person, { opening, request }: ReadApproval): readonly string[] {
  if (toName(person.subject) === opening?.intent.principal.subject)
    throw new Fault("forbidden", "Whoever asks for something does not decide it.");
  const wanted = request.approvers.map(({ who }) => who);
  const met = wanted.filter((who) => isMetBy(who, person));
  if (met.length > 0) return met;
  throw new Fault("forbidden", `This is decided by ${wanted.join(" and ")}.`, {
    details: { approvers: wanted },
  });
}

function isMetBy(who: string, { subject, roles }: Person): boolean {
  if (who === "role:approver") return true;
  if (who.startsWith("role:")) return roles.includes(who.slice("role:".length));
  return who !== "self" && (who === subject || who === `user:${subject}`);
}

/** Without the kind that stands before the subject of a token. */
function toName(subject: string): string {
  return subject.replace(/^(?:user|service):/, "");
}

function checkFirstWord(person: Person, { row, verdicts }: ReadApproval): void {
  // By a key and by a token of one name: one person, as for whoever asks.
  const name = toName(person.subject);
  const isSaid = verdicts.some(
    ({ approver }: Verdict) => approver !== null && toName(approver) === name,
  );
  if (row.state !== "pending" || !isSaid) return;
  throw new Fault("approval_decided", "You have agreed already; others have to agree, too.");
}

function checkPasskey(
  { request }: ReadApproval,
  meets: readonly string[],
  proof: IntentSigned["proof"] | null,
): void {
  const isAsked = request.approvers.some(({ who, passkey }) => passkey && meets.includes(who));
  if (!isAsked || proof !== null) return;
  throw new Fault("passkey_required", "Agreeing to this takes your passkey.");
}
