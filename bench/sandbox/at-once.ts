import { systemClock } from "../../src/adapters/system/system-clock.ts";
import type { ErrandBench } from "./errand-bench.ts";

const lanes = 4;
const forMs = 5_000;

/** Errands a second, four under way at any time, with as many that may wait. */
export async function measureAtOnce(
  { errands, place }: ErrandBench,
  command: readonly string[],
): Promise<number> {
  const beganMs = systemClock.monotonicMs();
  const errand = {
    place: { ...place, server: "at once", warm: lanes },
    command,
    environment: {},
    files: [],
    timeoutMs: 60_000,
  };
  let done = 0;
  const runLane = async (): Promise<void> => {
    while (systemClock.monotonicMs() - beganMs < forMs) {
      const { reason } = await errands.run(errand, new AbortController().signal);
      if (reason !== "ended with 0") throw new Error(reason);
      done += 1;
    }
  };
  await Promise.all(Array.from({ length: lanes }, runLane));
  return Number(((done * 1_000) / (systemClock.monotonicMs() - beganMs)).toFixed(1));
}
