import { readRunnerArguments } from "../../src/adapters/sandboxes/runner/runner-command.ts";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import type { Tier } from "../../src/model/sandbox.ts";
import type { Sandboxes } from "../../src/ports/sandbox.ts";
import { defaultErrandLimits } from "../../src/sandbox/errand-limits.ts";
import { toErrandPieces } from "../../src/sandbox/errand-wire.ts";
import { startRunner, type RunnerSandbox } from "../../src/sandbox/runner-sandbox.ts";
import { toQuantile } from "../report.ts";
import { openBench } from "./errand-bench.ts";

const limits = defaultErrandLimits;

async function start(sandboxes: Pick<Sandboxes, "start">, tier: Tier): Promise<RunnerSandbox> {
  const { place, close } = openBench(sandboxes, tier);
  await close();
  const program = tier === "T3" ? "node" : process.execPath;
  const toCommand = async () => [program, ...(await readRunnerArguments())];
  return startRunner({ sandboxes, clock: systemClock, limits, toCommand }, place);
}

/** What its group has used at most, where there is one: pages that are shared count for whoever had them first. */
export async function measureWaiting(
  sandboxes: Pick<Sandboxes, "start">,
  tier: Tier,
): Promise<string | number> {
  const runner = await start(sandboxes, tier);
  await systemClock.sleep(200);
  runner.kill();
  const { memoryPeakBytes } = (await runner.ended).usage;
  return memoryPeakBytes === null ? "–" : Number((memoryPeakBytes / 1024 / 1024).toFixed(1));
}

const rounds = 30;

/** Where the time of a warm errand goes. */
export async function describeParts(sandboxes: Sandboxes): Promise<string> {
  const parts = new Map<string, number[]>();
  for (let round = 0; round < rounds; round += 1) {
    const runner = await start(sandboxes, "T1");
    await systemClock.sleep(30);
    let lastMs = systemClock.monotonicMs();
    const mark = (name: string): void => {
      const nowMs = systemClock.monotonicMs();
      parts.set(name, [...(parts.get(name) ?? []), nowMs - lastMs]);
      lastMs = nowMs;
    };
    await new Promise<void>((resolve) => {
      const seen = new Set<string>(["ready"]);
      runner.send(toErrandPieces({ command: ["true"], environment: {}, files: [] }, limits), []);
      runner.onSaid(() => {
        const { phase } = runner.answer;
        if (!seen.has(phase)) mark(`until ${phase}`);
        seen.add(phase);
        if (phase === "done") resolve();
      });
    });
    runner.kill();
    await runner.ended;
    mark("until nothing is left");
  }
  return [...parts]
    .map(([name, times]) => {
      const ms = toQuantile(
        times.toSorted((a, b) => a - b),
        0.5,
      );
      return `${name} ${ms.toFixed(1)} ms`;
    })
    .join(", ");
}
