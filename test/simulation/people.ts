import { Fault, toDigest, type RunId } from "../../src/model/index.ts";
import type { ManualClock } from "../../src/ports/manual-clock.ts";
import type { RunDesk, RunReport } from "../../src/ports/run-desk.ts";
import type { Store } from "../../src/ports/store.ts";
import type { Act } from "./plan.ts";
import { decideAll, placeOf, type Disk } from "./simulated-gate.ts";
import { tenant } from "./tenant.ts";

export interface World {
  readonly store: Store;
  readonly desk: RunDesk;
  readonly disk: Disk;
  readonly clock: ManualClock;
}

/** The run and all its sub-agents, as they stand. */
export async function readTree({ desk, store }: World, root: RunId): Promise<readonly RunReport[]> {
  const reports = [await desk.read(tenant, root)];
  for (const { run } of reports) {
    const rows = await store.runs.list(tenant, { parent: run, limit: 100 });
    for (const row of rows) reports.push(await desk.read(tenant, row.run));
  }
  return reports;
}

/** People decide, time passes, somebody signals. False: nothing is left that could happen. */
export async function goOn(
  world: World,
  { run, seed }: { readonly run: RunId; readonly seed: number },
): Promise<boolean> {
  const { store, disk, desk, clock } = world;
  // Which of them are denied does not depend on when they are looked at.
  const isAgreed = (key: string): boolean =>
    (Number.parseInt(toDigest(`${seed}${placeOf(key)}`).slice(-2), 16) & 3) !== 0;
  const decided = await decideAll(disk, store, isAgreed);
  if (decided.length > 0) return true;
  if ((await store.runs.wakeDue(clock.nowMs(), 100)).woken > 0) return true;
  if (seed % 2 === 0) {
    const { waits } = await desk.read(tenant, run);
    if (waits.some(({ kind }) => kind === "signal")) {
      await desk.tell(tenant, run, { kind: "signal", name: "go", payload: "now" });
      return true;
    }
  }
  const rows = await store.runs.list(tenant, { limit: 1_000 });
  const mayRest = rows.some(({ state }) => state === "paused" || state === "stopped");
  const resting = mayRest ? listResting(await readTree(world, run)) : [];
  for (const report of resting) await desk.tell(tenant, report.run, toResume(report, clock));
  if (resting.length > 0) return true;
  const due = await store.runs.wakeDue(clock.nowMs(), 100);
  if (due.nextAtMs === null) return false;
  clock.advance(due.nextAtMs - clock.nowMs());
  return (await store.runs.wakeDue(clock.nowMs(), 100)).woken > 0;
}

/** Sub-agents first: what they share is raised at the root, which tells them itself. */
function listResting(tree: readonly RunReport[]): readonly RunReport[] {
  const [root, ...others] = tree;
  const paused = tree.filter(({ state }) => state === "paused");
  const own = others.filter(
    ({ state, reason }) => state === "stopped" && reason?.detail.includes("shared") !== true,
  );
  if (paused.length + own.length > 0) return [...paused, ...own];
  return root!.state === "stopped" ? [root!] : [];
}

/** Whatever has stopped it is raised. */
function toResume({ state, budget, maxSteps, deadlineMs }: RunReport, clock: ManualClock) {
  const base = { kind: "resume", by: "somebody" } as const;
  if (state === "paused") return { ...base, caps: null, maxSteps: null, deadlineMs: null };
  const { micros, calls } = budget.caps;
  const caps = {
    micros: micros === null ? null : micros + 40,
    tokens: null,
    calls: calls === null ? null : calls + 4,
  };
  const laterMs = deadlineMs === null ? null : clock.nowMs() + 7_200_000;
  return { ...base, caps, maxSteps: maxSteps + 4, deadlineMs: laterMs };
}

/** What somebody does just then; one that has ended takes nothing any more. */
export async function act({ desk }: World, run: RunId, { kind }: Act): Promise<void> {
  const by = "somebody";
  const words = {
    pause: { kind: "pause", by },
    cancel: { kind: "cancel", by },
    resume: { kind: "resume", by, caps: null, maxSteps: null, deadlineMs: null },
    signal: { kind: "signal", name: "go", payload: "now" },
  } as const;
  await desk.tell(tenant, run, words[kind]).catch((error: unknown) => {
    if (!(error instanceof Fault) || error.code !== "run_ended") throw error;
  });
}
