import { toDigest, toUuidV7 } from "../../src/model/index.ts";
import type { ApprovalId, Digest, EntryId, RunId, TenantId } from "../../src/model/index.ts";
import type { ApprovalDraft } from "../../src/ports/approval-rows.ts";
import type { EntryRow } from "../../src/ports/entry-rows.ts";
import type { RunAbout } from "../../src/ports/run-rows.ts";
import type { Store } from "../../src/ports/store.ts";

/** Some moment; the stores of these tests never compare it with a clock of their own. */
export const startMs = Date.UTC(2026, 10, 20, 12);

let made = 0;

/** An id that no other test of this process has, later than those before it. */
function toNextId(): string {
  made += 1;
  const bytes = new Uint8Array(10);
  new DataView(bytes.buffer).setUint32(6, made);
  return toUuidV7(startMs + made, bytes);
}

export const newRun = (): RunId => toNextId() as RunId;
export const newApproval = (): ApprovalId => toNextId() as ApprovalId;
export const newEntryId = (): EntryId => toNextId() as EntryId;
export const newTenant = (): TenantId => `tenant-${(made += 1)}` as TenantId;
export const newDigest = (): Digest => toDigest(`content ${(made += 1)}`);

export const toBytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "utf8"));
export const toText = (bytes: Uint8Array): string => Buffer.from(bytes).toString("utf8");
export const toTexts = (rows: readonly { readonly payload: Uint8Array }[]): string[] =>
  rows.map((row) => toText(row.payload));

export function newEntry(tenant: TenantId, text = "an entry"): EntryRow {
  return { id: newEntryId(), tenant, bytes: toBytes(text) };
}

export function newApprovalDraft(changes: Partial<ApprovalDraft> = {}): ApprovalDraft {
  return {
    id: newApproval(),
    tenant: newTenant(),
    run: null,
    intent: newDigest(),
    key: newDigest(),
    server: "mail",
    tool: "send",
    agent: null,
    subject: "default\nservice\nbot",
    request: toBytes("what is asked"),
    opening: toBytes("sealed"),
    createdAtMs: startMs,
    expiresAtMs: startMs + 60_000,
    ...changes,
  };
}

/** A run that somebody owns: epoch 1, with one event. */
export async function startRun(
  store: Store,
  tenant = newTenant(),
  about?: RunAbout,
): Promise<RunId> {
  const run = newRun();
  const told = about === undefined ? {} : { about };
  await store.runs.create({ run, tenant, events: [toBytes("started")], ...told });
  await store.runs.take(run);
  return run;
}

/** An approval that may be consumed. */
export async function startApproval(
  store: Store,
  changes: Partial<ApprovalDraft> = {},
): Promise<ApprovalDraft> {
  const draft = newApprovalDraft(changes);
  await store.approvals.create(draft);
  await store.approvals.decide({
    tenant: draft.tenant,
    id: draft.id,
    intent: draft.intent,
    to: "approved",
    verdicts: toBytes("yes"),
    seen: null,
    entry: newEntry(draft.tenant, "a verdict"),
    nowMs: startMs,
  });
  return draft;
}

export function toConsumption(draft: ApprovalDraft): {
  tenant: TenantId;
  approval: ApprovalId;
  intent: Digest;
  nowMs: number;
} {
  return { tenant: draft.tenant, approval: draft.id, intent: draft.intent, nowMs: startMs };
}
