import { toConfigChanges } from "../model/config-change.ts";
import { fromConfigBytes, type ConfigRevision } from "../model/config-revision.ts";
import { Fault, type Digest } from "../model/index.ts";
import type { Applied, Revision } from "../ports/configuration.ts";
import type { RevisionRow } from "../ports/revision-rows.ts";
import { replaceStarted, type Holder } from "./revision-holder.ts";
import { startParts, stopParts, type Running } from "./start-parts.ts";

export type Followed = "current" | "followed" | "refused";

/** A revision that failed to start here is tried again after this, not at every poll. */
const retryRefusedMs = 30_000;

/** Puts a validated revision in the place of the serving one, or leaves everything as it is. */
export function swapRevision<Parts>(
  holder: Holder<Parts>,
  next: ConfigRevision,
  previous: Digest | null,
): Promise<Applied> {
  return holder.serial(async () => {
    refuseClosed(holder);
    const head = await holder.options.revisions.current();
    if (head !== null && head.digest !== serving(holder)) await takeOver(holder, head);
    const current = head?.digest ?? serving(holder);
    // A replica that could not follow must not be what a change is planned on.
    if (current !== serving(holder) || (previous !== null && previous !== current)) {
      return { kind: "stale", current };
    }
    if (next.digest === current) return { kind: "unchanged", digest: current };

    const started = await tryStart(holder, next);
    if (started.kind === "unstartable") return { ...started, current };
    return enter(holder, { next, running: started.running, expected: head?.digest ?? null });
  });
}

/** Serves the revision that the store holds, if it is another one than ours. */
export function followRevision<Parts>(holder: Holder<Parts>): Promise<Followed> {
  return holder.serial(async () => {
    if (holder.closed) return "current";
    const head = await holder.options.revisions.current();
    if (head === null || head.digest === serving(holder)) return "current";
    return takeOver(holder, head);
  });
}

/**
 * Starts the parts of the serving revision anew, because what they read at their start has changed.
 * Null once they serve; else why those of before go on.
 */
export function restartRevision<Parts>(holder: Holder<Parts>): Promise<string | null> {
  return holder.serial(async () => {
    if (holder.closed) return null;
    await holder.retiring;
    const { start, clock } = holder.options;
    const { revision, config } = holder.started;
    try {
      const running = await startParts({ config, start, clock });
      replaceStarted(holder, { revision, config, running });
      return null;
    } catch (fault) {
      return toReason(fault);
    }
  });
}

interface Entering<Parts> {
  readonly next: ConfigRevision;
  readonly running: Running<Parts>;
  readonly expected: Digest | null;
}

/** The row is written only when the parts are up; whoever loses the race stops them again. */
async function enter<Parts>(holder: Holder<Parts>, entering: Entering<Parts>): Promise<Applied> {
  const { next, running, expected } = entering;
  const { revisions, clock } = holder.options;
  const { digest, bytes, config } = next;
  const revision: Revision = Object.freeze({ digest, bytes, appliedAtMs: clock.nowMs() });
  let outcome: "applied" | "stale" | null = null;
  try {
    outcome = await revisions.apply(revision, expected);
  } finally {
    // A throw may hide a row that was written: the next look at the store tells, and follows it.
    if (outcome !== "applied") await discard(holder, { running, config });
  }
  if (outcome === "stale") {
    const current = (await revisions.current())?.digest ?? serving(holder);
    return { kind: "stale", current };
  }
  replaceStarted(holder, { revision, config, running });
  return { kind: "applied", digest };
}

async function takeOver<Parts>(holder: Holder<Parts>, row: RevisionRow): Promise<Followed> {
  const { clock, telemetry } = holder.options;
  const { refused } = holder;
  const isRecent = refused !== null && clock.monotonicMs() - refused.atMs < retryRefusedMs;
  if (refused?.digest === row.digest && isRecent) return "refused";

  const started = await tryTakeOver(holder, row);
  if (started.kind === "unstartable") {
    telemetry.count("config_follows", { outcome: "refused" });
    holder.refused = { digest: row.digest, atMs: clock.monotonicMs() };
    telemetry.log("error", "this replica cannot serve the revision that another one applied", {
      digest: row.digest,
      serving: serving(holder),
      reason: started.reason,
    });
    return "refused";
  }
  telemetry.count("config_follows", { outcome: "followed" });
  holder.refused = null;
  const { digest, bytes, appliedAtMs } = row;
  const revision: Revision = Object.freeze({ digest, bytes, appliedAtMs });
  replaceStarted(holder, { revision, config: started.config, running: started.running });
  telemetry.log("info", "following the revision that another replica applied", { digest });
  return "followed";
}

type Attempt<Parts> =
  | {
      readonly kind: "started";
      readonly running: Running<Parts>;
      readonly config: ConfigRevision["config"];
    }
  | { readonly kind: "unstartable"; readonly reason: string };

async function tryTakeOver<Parts>(
  holder: Holder<Parts>,
  row: RevisionRow,
): Promise<Attempt<Parts>> {
  try {
    return await tryStart(holder, fromConfigBytes(row.bytes));
  } catch (fault) {
    return { kind: "unstartable", reason: toReason(fault) };
  }
}

async function tryStart<Parts>(
  holder: Holder<Parts>,
  { config, bytes }: ConfigRevision,
): Promise<Attempt<Parts>> {
  const changes = toConfigChanges(holder.live.revision.bytes, bytes);
  const fixed = changes.filter(({ restart }) => restart).map(({ key }) => key);
  if (fixed.length > 0) {
    const reason = `A running process cannot change ${fixed.join(", ")}: write it to countersign.yaml and restart.`;
    return { kind: "unstartable", reason };
  }
  // At most two revisions have parts: the serving one and the one that starts or drains.
  await holder.retiring;
  try {
    const { start, clock } = holder.options;
    return { kind: "started", config, running: await startParts({ config, start, clock }) };
  } catch (fault) {
    return { kind: "unstartable", reason: toReason(fault) };
  }
}

async function discard<Parts>(
  holder: Holder<Parts>,
  { running, config }: { running: Running<Parts>; config: ConfigRevision["config"] },
): Promise<void> {
  const { clock, telemetry } = holder.options;
  try {
    await stopParts(running, { config, clock });
  } catch (fault) {
    telemetry.log("error", "parts of a discarded revision failed to stop", { fault });
  }
}

function toReason(fault: unknown): string {
  if (fault instanceof Fault) return `${fault.code}: ${fault.message}`;
  return fault instanceof Error ? fault.message : "it threw something that is no error";
}

function serving<Parts>(holder: Holder<Parts>): Digest {
  return holder.live.revision.digest;
}

function refuseClosed<Parts>(holder: Holder<Parts>): void {
  if (holder.closed)
    throw new Fault("draining", "The configuration is closed: the server is stopping.");
}
