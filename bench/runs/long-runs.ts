import { fork } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import type { LongRunSaid, LongRunStart } from "./long-run.ts";

/** A run of so many events has its snapshot far behind it: one is kept each 500. */
export const longRunEvents = 10_450;
const timesEach = 7;
/** Making one takes as long as ten thousand steps do. */
const withinMs = 300_000;

export interface LongRun {
  readonly head: number;
  readonly snapshotSeq: number;
  /** From the claim of the run to when its next step was durable, each in a fresh process. */
  readonly calls: readonly Resuming[];
  readonly answers: readonly Resuming[];
}

export type Resuming = Pick<LongRunSaid, "tookMs" | "cpuMs">;

/** One run, whose worker dies again and again, in a call or in an answer of the model. */
export async function measureLongRun(url: string): Promise<LongRun> {
  const made = await live({ url, run: null, untilHead: longRunEvents, diesIn: "call" });
  const { run, head, snapshotSeq } = made;
  const resume = async (diesIn: LongRunStart["diesIn"]): Promise<Resuming> => {
    const { tookMs, cpuMs } = await live({ url, run, untilHead: 0, diesIn });
    return { tookMs, cpuMs };
  };
  const calls: Resuming[] = [];
  const answers: Resuming[] = [];
  // Each begins where the one before it died.
  while (calls.length < timesEach - 1) calls.push(await resume("call"));
  calls.push(await resume("model"));
  while (answers.length < timesEach) answers.push(await resume("model"));
  return { head, snapshotSeq, calls, answers };
}

/** A process until its death. */
async function live(start: LongRunStart): Promise<LongRunSaid> {
  const child = fork(path.join(import.meta.dirname, "long-run.ts"), [JSON.stringify(start)], {
    stdio: ["ignore", 2, 2, "ipc"],
  });
  const onExit = (): void => void child.kill("SIGKILL");
  process.once("exit", onExit);
  const late = setTimeout(onExit, withinMs);
  let said: LongRunSaid | null = null;
  child.on("message", (message: LongRunSaid) => (said = message));
  await once(child, "exit");
  clearTimeout(late);
  process.off("exit", onExit);
  if (said === null) throw new Error("long-run.ts ended without a word");
  return said;
}
