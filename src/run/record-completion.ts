import {
  Fault,
  toEntryBytes,
  toSubjectKey,
  toUuidV7,
  type Digest,
  type Entry,
  type EntryId,
} from "../model/index.ts";
import type { ModelUsage } from "../model/model-usage.ts";
import type { Clock } from "../ports/clock.ts";
import { largestSum, toDay, type CostRows } from "../ports/cost-rows.ts";
import type { Random } from "../ports/random.ts";
import { toKeptName } from "../ports/storable-cost.ts";
import type { Store } from "../ports/store.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import type { TenantHash } from "../ports/tenant-hash.ts";
import { toNamed, type Completed, type Completing } from "./completing.ts";
import type { Routed } from "./model-router.ts";

interface Spent {
  /** Who answered, or was asked last. */
  readonly backend: string | null;
  readonly usage: ModelUsage;
  readonly cost: { readonly micros: number; readonly prices: Digest } | null;
}

export type CompletionEnd = Spent &
  (
    | { readonly kind: "answered"; readonly completed: Completed }
    /** `isFree`: certainly nothing is owed for it. */
    | { readonly kind: "failed" | "cut"; readonly error: unknown; readonly isFree: boolean }
  );

type Ended = CompletionEnd & {
  readonly tookMs: number;
  /** Names of known secrets that were in the answer. */
  readonly leaked: ReadonlySet<string>;
};

export interface RecordParts {
  readonly store: Pick<Store, "commit" | "costs">;
  readonly hashes: TenantHash;
  readonly clock: Clock;
  readonly random: Random;
  readonly telemetry: Telemetry;
}

export function toSpent({ backend, usage, cost, prices }: Routed): Spent {
  return { backend, usage, cost: cost === null ? null : { micros: cost, prices } };
}

/** Counted, told and durable in the ledger when it resolves. */
export async function recordCompletion(
  parts: RecordParts,
  asking: Completing,
  end: Ended,
): Promise<void> {
  const { telemetry, store } = parts;
  const { kind, backend, usage, cost, tookMs } = end;
  telemetry.count("completions", { outcome: kind });
  const reason = toReason(asking, end);
  const spent = { ...usage, micros: cost?.micros ?? null };
  const named = { ...toNamed(asking), backend, outcome: kind, reason, tookMs };
  telemetry.log("info", "completion", { ...named, ...spent });
  try {
    const entry = await toEntry(parts, asking, end);
    const { id, tenant } = entry;
    await Promise.all([
      store.commit({ entries: [{ id, tenant, bytes: toEntryBytes(entry) }] }),
      addCost(store.costs, asking, { ...end, entry }),
    ]);
  } catch (fault) {
    telemetry.log("error", "a completion could not be recorded", { ...named, fault });
    throw fault;
  }
}

/** What was certainly free is not kept: nothing was spent. */
async function addCost(
  costs: CostRows,
  { principal, alias }: Completing,
  { entry, backend, usage, cost, ...end }: Ended & { readonly entry: Entry },
): Promise<void> {
  if (end.kind !== "answered" && end.isFree) return;
  await costs.add({
    entry: entry.id,
    tenant: principal.tenant,
    agent: toKeptName(principal.actor?.agent ?? null),
    subject: toKeptName(toSubjectKey(principal)),
    day: toDay(entry.atMs),
    kind: "model",
    name: backend ?? alias,
    micros: cost?.micros ?? 0,
    tokens: Math.min((usage.input ?? 0) + (usage.output ?? 0), largestSum),
    isUnknown: cost === null,
  });
}

async function toEntry(
  { hashes, clock, random }: RecordParts,
  asking: Completing,
  end: Ended,
): Promise<Entry> {
  const { principal, alias, sent, trace } = asking;
  const { tenant, kind, subject, actor } = principal;
  const { backend, usage, cost, tookMs } = end;
  const atMs = clock.nowMs();
  const id = toUuidV7(atMs, random.bytes(10)) as EntryId;
  // With the entry's id, so that nobody's entries are found by one that is known to be theirs.
  const hash = async (...given: readonly unknown[]) =>
    hashes.hash(tenant, "completion", [id, ...given]);
  return {
    kind: "completion",
    v: 1,
    id,
    tenant,
    atMs,
    model: alias,
    backend,
    by: await hashes.hash(tenant, "completion-caller", [id, kind, subject]),
    agent: actor?.agent ?? null,
    request: await hash(sent.text),
    answer: end.kind === "answered" ? await hash(end.completed.text, end.completed.calls) : null,
    ...toRedacted(end),
    outcome: end.kind,
    reason: toReason(asking, end),
    usage,
    cost,
    tookMs,
    trace,
  };
}

/** As an entry takes. */
const maxRedacted = 100;
const maxName = 256;

function toRedacted({ leaked }: Ended): { readonly redacted?: readonly string[] } {
  const names = [...leaked].slice(0, maxRedacted);
  if (names.length === 0) return {};
  return { redacted: names.map((name) => `secret:${name}`.slice(0, maxName)) };
}

function toReason({ signal }: Completing, end: CompletionEnd): string | null {
  if (end.kind === "answered") return null;
  if (signal.aborted) return "client_gone";
  return end.error instanceof Fault ? end.error.code : "internal";
}
