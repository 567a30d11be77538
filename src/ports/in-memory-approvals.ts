import type { ApprovalId, Digest, TenantId } from "../model/index.ts";
import { toRunLetterBytes, type RunLetter } from "../model/run-letter.ts";
import { requireDigest, requireId, requireStorableApproval } from "./storable.ts";
import { storeLimits } from "./store-limits.ts";
import type {
  ApprovalDecision,
  ApprovalDraft,
  ApprovalRefusal,
  ApprovalRow,
  ApprovalRows,
  ApprovalsOf,
  VerdictsChange,
} from "./approval-rows.ts";
import type { EntryRow } from "./entry-rows.ts";
import type { LetterToRun } from "./run-rows.ts";
import type { Consumption } from "./store.ts";

/** What else changes in the transaction that this stands for. */
interface ApprovalsWith {
  /** Makes an entry durable, and gives what takes it back. */
  write(entry: EntryRow): () => void;
  /** Tells runs, or throws. */
  tell(letters: readonly LetterToRun[]): void;
}

export class InMemoryApprovals implements ApprovalRows {
  readonly #rows = new Map<string, ApprovalRow>();
  readonly #with: ApprovalsWith;

  constructor(parts: ApprovalsWith) {
    this.#with = parts;
  }

  /** Why it may not be consumed, or `null`. */
  toRefusal(consume: Consumption): ApprovalRefusal | null {
    const state = toState(this.#rows.get(toKey(consume.tenant, consume.approval)), consume);
    return state === "approved" ? null : state;
  }

  /** Returns what takes it back. */
  consume({ tenant, approval }: Consumption): () => void {
    const row = this.#rows.get(toKey(tenant, approval))!;
    this.#change(row, { state: "consumed" });
    return () => this.#change(row, {});
  }

  async create(draft: ApprovalDraft): Promise<"created" | "exists"> {
    requireStorableApproval(draft);
    const key = toKey(draft.tenant, draft.id);
    const isSame = (row: ApprovalRow): boolean =>
      isWaiting(row) && row.tenant === draft.tenant && row.key === draft.key;
    if (this.#rows.has(key) || [...this.#rows.values()].some(isSame)) return "exists";
    const request = draft.request.slice();
    const opening = draft.opening?.slice() ?? null;
    this.#rows.set(key, { ...draft, request, opening, state: "pending", verdicts: null });
    return "created";
  }

  async get(tenant: TenantId, id: ApprovalId): Promise<ApprovalRow | null> {
    requireId("id", id);
    return this.#rows.get(toKey(tenant, id)) ?? null;
  }

  async find(tenant: TenantId, key: Digest, nowMs: number): Promise<ApprovalRow | null> {
    requireDigest("key", key);
    const rows = this.#of(tenant).filter(
      (row) =>
        row.key === key && row.expiresAtMs > nowMs && (isWaiting(row) || row.state === "denied"),
    );
    return rows.find(isWaiting) ?? rows.at(-1) ?? null;
  }

  async countPending(tenant: TenantId, subject: string, limit: number): Promise<number> {
    const rows = this.#of(tenant).filter(
      (row) => row.subject === subject && row.state === "pending",
    );
    return Math.min(rows.length, limit);
  }

  async lastConsumed(tenant: TenantId, server: string, tool: string): Promise<ApprovalRow | null> {
    const used = this.#of(tenant).filter(
      (row) => row.server === server && row.tool === tool && row.state === "consumed",
    );
    return used.at(-1) ?? null;
  }

  async list(
    tenant: TenantId,
    { state, after, limit, newestFirst = false }: Parameters<ApprovalRows["list"]>[1],
  ): Promise<readonly ApprovalRow[]> {
    if (after !== undefined) requireId("after", after);
    const rows = this.#of(tenant).filter((row) => state === undefined || row.state === state);
    return (newestFirst ? rows.toReversed() : rows)
      .filter(({ id }) => after === undefined || (newestFirst ? id < after : id > after))
      .slice(0, Math.min(limit, storeLimits.rowsPerPage));
  }

  async decide(decision: ApprovalDecision): ReturnType<ApprovalRows["decide"]> {
    requireId("id", decision.id);
    const row = this.#rows.get(toKey(decision.tenant, decision.id));
    const state = toState(row, decision);
    if (state !== "pending") return state;
    if (!areSame(row!.verdicts, decision.seen)) return "stale";
    const takeBack = this.#with.write(decision.entry);
    try {
      if (decision.to !== "pending") this.#with.tell(toLetters([row!], decision.to));
    } catch (error) {
      takeBack();
      throw error;
    }
    this.#change(row!, { state: decision.to, verdicts: decision.verdicts.slice() });
    return "decided";
  }

  async expire(nowMs: number, limit: number): Promise<number> {
    const late = [...this.#rows.values()]
      .filter((row) => isWaiting(row) && row.expiresAtMs <= nowMs)
      .toSorted((a, b) => a.expiresAtMs - b.expiresAtMs)
      .slice(0, limit);
    return this.#end(late, "expired");
  }

  async void(tenant: TenantId, id: ApprovalId): Promise<boolean> {
    requireId("id", id);
    const row = this.#rows.get(toKey(tenant, id));
    if (row === undefined || !isWaiting(row)) return false;
    return this.#end([row], "voided") === 1;
  }

  async voidAll(of: ApprovalsOf, limit: number): Promise<number> {
    const asked = Object.entries(of) as [keyof ApprovalsOf, string][];
    const rows = [...this.#rows.values()]
      .filter((row) => isWaiting(row) && asked.every(([name, value]) => row[name] === value))
      .slice(0, limit);
    return this.#end(rows, "voided");
  }

  async erase(tenant: TenantId, subject: string, limit: number): Promise<number> {
    const rows = this.#of(tenant)
      .filter((row) => row.subject === subject)
      .slice(0, limit);
    this.#with.tell(toLetters(rows.filter(isWaiting), "voided"));
    for (const row of rows) {
      const state = isWaiting(row) ? "voided" : row.state;
      this.#change(row, { subject: "", opening: null, key: noKey, state });
    }
    return rows.length;
  }

  async rewriteVerdicts(
    { tenant, id }: Pick<ApprovalRow, "tenant" | "id">,
    { seen, verdicts }: VerdictsChange,
  ): Promise<boolean> {
    const row = this.#rows.get(toKey(tenant, id));
    if (row === undefined || row.state === "pending" || !areSame(row.verdicts, seen)) return false;
    this.#change(row, { verdicts: verdicts.slice() });
    return true;
  }

  #end(rows: readonly ApprovalRow[], state: "expired" | "voided"): number {
    this.#with.tell(toLetters(rows, state));
    for (const row of rows) this.#change(row, { state });
    return rows.length;
  }

  #of(tenant: TenantId): readonly ApprovalRow[] {
    return [...this.#rows.values()]
      .filter((row) => row.tenant === tenant)
      .toSorted((a, b) => (a.id < b.id ? -1 : 1));
  }

  #change(row: ApprovalRow, changes: Partial<ApprovalRow>): void {
    this.#rows.set(toKey(row.tenant, row.id), Object.freeze({ ...row, ...changes }));
  }
}

function toLetters(
  rows: readonly ApprovalRow[],
  outcome: Extract<RunLetter, { kind: "approval_decided" }>["outcome"],
): readonly LetterToRun[] {
  return rows.flatMap(({ id, run, tenant }) => {
    if (run === null) return [];
    const told = { v: 1, kind: "approval_decided", approval: id, outcome } as const;
    return [{ run, tenant, payload: toRunLetterBytes(told) }];
  });
}

/** What Postgres gives for a key that was taken away. */
const noKey = "sha256:" as Digest;

function areSame(one: Uint8Array | null, other: Uint8Array | null): boolean {
  if (one === null || other === null) return one === other;
  return Buffer.compare(one, other) === 0;
}

function toKey(tenant: TenantId, id: ApprovalId): string {
  return `${tenant} ${id}`;
}

function isWaiting(row: ApprovalRow): boolean {
  return row.state === "pending" || row.state === "approved";
}

function toState(
  row: ApprovalRow | undefined,
  asked: Pick<ApprovalDecision, "intent" | "nowMs">,
): ApprovalRefusal | "approved" {
  if (row === undefined) return "missing";
  if (row.intent !== asked.intent) return "mismatch";
  return isWaiting(row) && row.expiresAtMs <= asked.nowMs ? "expired" : row.state;
}
