import {
  Fault,
  fromEntryBytes,
  type Entry,
  type EntryId,
  type TenantId,
  type Verdict,
} from "../model/index.ts";
import type { Openings } from "../ports/openings.ts";
import { openVerdicts } from "../ports/verdicts.ts";
import type { CallRow } from "../ports/call-rows.ts";
import type { LogRows } from "../ports/log-rows.ts";
import type { Store } from "../ports/store.ts";

export interface CallEntriesOptions extends Pick<Store, "entries" | "calls" | "approvals"> {
  readonly openings: Openings;
  readonly log: LogRows;
}

export interface CallAsked {
  readonly tenant: TenantId;
  /** Of any entry of the call. */
  readonly id: EntryId;
  /** Whose calls alone may be seen; null: everybody's. */
  readonly subject: string | null;
}

/** The entries of one call, in the order in which a receipt has them. */
export interface CallEntries {
  readonly call: CallRow | null;
  readonly verdicts: readonly Verdict[];
  readonly entries: readonly { readonly id: EntryId; readonly bytes: Uint8Array }[];
}

export async function readCallEntries(
  options: CallEntriesOptions,
  asked: CallAsked,
): Promise<CallEntries> {
  const { tenant, id, subject } = asked;
  const row = await options.entries.get(tenant, id);
  const of = row === null ? null : await toCallId(options, fromEntryBytes(row.bytes));
  if (row === null || of === null) throw missing(id);
  const call = of === "alone" ? null : await options.calls.get(tenant, of);
  // Of a read nobody wrote down whose it was. What is somebody else's is answered as what is not there.
  if (subject !== null && call?.subject !== subject) throw missing(id);
  if (of === "alone") return { call, verdicts: [], entries: [row] };
  const verdicts = await readVerdicts(options, tenant, call);
  const found = [
    ...verdicts.map(({ entry }) => entry),
    of,
    call?.outcome ?? null,
    call?.resolution ?? null,
    // A row that is gone leaves what was asked for.
    ...(call === null ? [id] : []),
  ].filter((each) => each !== null);
  const entries = await Promise.all(
    [...new Set(found)].map(
      async (each) => (await options.entries.get(tenant, each)) ?? lost(each),
    ),
  );
  return { call, verdicts, entries };
}

/** The intent's entry; `alone` for what has no intent, null for what belongs to no call. */
async function toCallId(
  { log }: CallEntriesOptions,
  entry: Entry,
): Promise<EntryId | "alone" | null> {
  switch (entry.kind) {
    case "intent":
      return entry.id;
    case "outcome":
      return entry.of ?? "alone";
    case "resolution":
      return entry.of;
    case "verdict":
      return entry.on === "approval" ? log.callOf(entry.tenant, entry.approval) : null;
    case "completion":
    case "gap":
      return null;
  }
}

async function readVerdicts(
  { approvals, openings }: CallEntriesOptions,
  tenant: TenantId,
  call: CallRow | null,
): Promise<readonly Verdict[]> {
  if (call === null || call.approval === null) return [];
  const row = await approvals.get(tenant, call.approval);
  return row === null ? [] : openVerdicts(openings, row);
}

function missing(id: EntryId): Fault {
  const message = `There is no receipt ${id}: no call that you may see has an entry of this id.`;
  return new Fault("not_found", message, { details: { id } });
}

export function lost(id: EntryId): never {
  throw new Fault("record_unreadable", `Entry ${id} of this call is not in the database any more.`);
}
