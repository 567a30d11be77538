import { Fault } from "../../model/index.ts";
import type { EntryRow } from "../../ports/entry-rows.ts";
import type { Append, CommitOutcome } from "../../ports/store.ts";
import type { Executor } from "./append-statement.ts";
import { encodeInt8Array, encodeUuidArray } from "./binary-array.ts";

type Fenced = Extract<CommitOutcome, { kind: "fenced" }>;

/** Reads why appends were fenced. Only losers pay for it. */
export async function readFences(
  executor: Executor,
  appends: readonly Append[],
): Promise<readonly Fenced[]> {
  const { rows } = await executor.query({
    name: "read_fences",
    text: "select run_id, epoch, head, ended from countersign.runs where run_id = any($1::uuid[])",
    values: [encodeUuidArray(appends.map((append) => append.run))],
    rowMode: "array",
  });
  const found = new Map(rows.map((row) => [row[0], row]));
  return appends.map((append) => {
    const row = found.get(append.run);
    if (row === undefined) return { kind: "fenced", reason: "missing" };
    if (row[3] === true) return { kind: "fenced", reason: "ended" };
    return { kind: "fenced", reason: row[1] === append.epoch ? "head" : "epoch" };
  });
}

/** Whether the event that follows `head` carries our token: then the whole append is in. */
export async function readLandedAppends(
  executor: Executor,
  appends: readonly { readonly append: Append; readonly token: bigint }[],
): Promise<readonly boolean[]> {
  const { rows } = await executor.query({
    name: "read_landed",
    text: `select e.run_id, e.token::text from countersign.events e
             join unnest($1::uuid[], $2::int8[]) as x(run_id, seq)
             on e.run_id = x.run_id and e.seq = x.seq`,
    values: [
      encodeUuidArray(appends.map(({ append }) => append.run)),
      encodeInt8Array(appends.map(({ append }) => append.head + 1)),
    ],
    rowMode: "array",
  });
  const found = new Set(rows.map((row) => `${String(row[0])} ${String(row[1])}`));
  return appends.map(({ append, token }) => found.has(`${append.run} ${token}`));
}

/**
 * The entries that are not durable yet. An id that already holds other bytes is the caller's
 * mistake: ids are made once.
 */
export async function readMissingEntries(
  executor: Executor,
  entries: readonly EntryRow[],
): Promise<readonly EntryRow[]> {
  const { rows } = await executor.query({
    name: "read_entries",
    text: "select id, tenant, bytes from countersign.entries where id = any($1::uuid[])",
    values: [encodeUuidArray(entries.map((entry) => entry.id))],
    rowMode: "array",
  });
  const found = new Map(
    rows.map((row) => [`${String(row[0])} ${String(row[1])}`, row[2] as Buffer]),
  );
  return entries.filter((entry) => {
    const bytes = found.get(`${entry.id} ${entry.tenant}`);
    if (bytes === undefined) return true;
    if (bytes.equals(entry.bytes)) return false;
    throw new Fault("payload_invalid", `entry ${entry.id} is durable with other bytes`);
  });
}
