import { Fault, toEntryBytes, toExposedName, toUuidV7, type EntryId } from "../model/index.ts";
import type { Catalog } from "../ports/catalog.ts";
import type { CallRow } from "../ports/call-rows.ts";
import type { Clock } from "../ports/clock.ts";
import type { EntryRow } from "../ports/entry-rows.ts";
import type { Store } from "../ports/store.ts";

export interface ResolveParts {
  readonly store: Pick<Store, "commit">;
  readonly clock: Clock;
  readonly random: (length: number) => Buffer;
}

/** What somebody found out about a call whose end nobody knew. */
export interface Finding {
  /** `retry`: it may be made again, since its server knows the key and does nothing twice. */
  readonly outcome: "done" | "not_done" | "retry";
  readonly by: string;
  readonly evidence: string;
}

/**
 * Nothing of it is sent any more, and how it ended was not recorded: it is unknown. False where it
 * has ended after all, or lives longer by now than the row said.
 */
export async function giveUp(parts: ResolveParts, row: CallRow): Promise<boolean> {
  const { id, atMs } = toLeaf(parts);
  const bytes = toEntryBytes({
    kind: "outcome",
    v: 1,
    id,
    tenant: row.tenant,
    atMs,
    run: row.run,
    previous: null,
    server: row.server,
    tool: row.tool,
    of: row.id,
    intent: row.intent,
    outcome: "unknown",
    reason: "lost",
    result: null,
    endpoint: null,
    credential: null,
    sandbox: null,
    timings: { queuedUs: 0, upstreamUs: 0 },
    cost: null,
    declaredCost: null,
    trace: null,
  });
  const { notAfterMs } = row;
  const ends = { call: row.id, from: "open", to: "unknown", result: null, notAfterMs } as const;
  return write(parts, { id, tenant: row.tenant, bytes, ends });
}

/**
 * A further entry, once; the one that said `unknown` stays. False where somebody else was first. Throws
 * where a retry could do it twice.
 */
export async function resolveCall(
  parts: ResolveParts & { readonly catalog: () => Catalog },
  row: CallRow,
  finding: Finding,
): Promise<boolean> {
  if (finding.outcome === "retry" && !takesKey(parts.catalog(), row)) throw unrepeatable(row);
  if (row.state === "open") await giveUp(parts, row);
  return write(parts, toResolution(parts, row, finding));
}

/** A tool that nobody knows any more takes none. */
function takesKey({ servers }: Catalog, { server, tool }: CallRow): boolean {
  if (tool === null) return false;
  return servers.get(server)?.config.tools[tool]?.idempotencyKey !== undefined;
}

function unrepeatable({ server, tool }: CallRow): Fault {
  const what = tool === null ? server : toExposedName(server, tool);
  return new Fault(
    "request_invalid",
    `retry: ${what} takes no key (idempotencyKey), so it could be done twice. Look at the server, and say done or not_done.`,
  );
}

/** The entry, which ends the call. */
export function toResolution(
  parts: Omit<ResolveParts, "store">,
  { id: of, tenant, run }: Pick<CallRow, "id" | "tenant" | "run">,
  { outcome, by, evidence }: Finding,
): EntryRow {
  const { id, atMs } = toLeaf(parts);
  const leaf = { v: 1, id, tenant, atMs, run, previous: null } as const;
  const bytes = toEntryBytes({ kind: "resolution", ...leaf, of, outcome, by, evidence });
  const to = outcome === "done" ? "done" : "failed";
  return { id, tenant, bytes, ends: { call: of, from: "unknown", to, result: null } };
}

async function write({ store }: ResolveParts, row: EntryRow): Promise<boolean> {
  const outcome = await store.commit({ entries: [row] });
  return outcome.kind === "committed" && outcome.late === undefined;
}

function toLeaf({ clock, random }: Omit<ResolveParts, "store">): {
  readonly id: EntryId;
  readonly atMs: number;
} {
  const atMs = clock.nowMs();
  return { id: toUuidV7(atMs, random(10)) as EntryId, atMs };
}
