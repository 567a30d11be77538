import { spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "vitest";
import type {
  Sandbox,
  SandboxDriver,
  SandboxEnd,
  SandboxSpec,
} from "../../../src/ports/sandbox.ts";
import { smallLimits, type Attempt, type EndedAttempt, type Report } from "./attempt.ts";
import { parseReport, toProgram } from "./prelude.ts";
import type { Places, Traps } from "./traps.ts";

/** Python without anything of the person who runs it: all that a system's own one can. */
const python = ["/usr/bin/python3", "-I", "-S", "-c"];
const outputBytes = 4 * 1024 * 1024;
/** Two cores may be busy with other tests; what is bounded by less says so itself. */
const deadlineMs = 20_000;
/** A machine whose processor is played by a program takes many times as long for the same. */
const machineDeadlineMs = 100_000;
export const toDeadlineMs = ({ tier }: SandboxDriver): number =>
  tier === "T3" ? machineDeadlineMs : deadlineMs;

/** A machine writes nothing of the host's: it is refused before anything of it runs. */
export const writesMounts = ({ tier }: SandboxDriver): boolean => tier !== "T3";
const nothing: Report = { got: {}, refused: {}, seen: {} };

/** Runs it in a sandbox of this driver, and judges what came of it; null: it was refused. */
export async function runAttempt(
  driver: SandboxDriver,
  traps: Traps,
  attempt: Attempt,
): Promise<EndedAttempt | null> {
  const spec = toSpec(attempt, traps.places);
  if (!writesMounts(driver) && spec.mounts.some((mount) => mount.isWritable)) {
    await expect(driver.start(spec)).rejects.toMatchObject({ code: "sandbox_failed" });
    return null;
  }
  const startedMs = performance.now();
  const sandbox = await driver.start(spec);
  const { output, end } = await watch(sandbox, attempt, toDeadlineMs(driver));
  const told = parseReport(output);
  if (attempt.steer === undefined)
    expect(told, `no report: ${output.slice(-2_000)}`).not.toBeNull();
  const report = told ?? nothing;
  for (const canary of traps.canaries) expect(output, "a canary was seen").not.toContain(canary);
  if (attempt.guards === "host" || driver.tier === "T1")
    expect(report.got, "what it got").toEqual({});
  const elapsedMs = performance.now() - startedMs;
  const { tier } = driver;
  const ended = { report, output, end, limits: spec.limits, traps, tier, elapsedMs };
  await attempt.check?.(ended);
  return ended;
}

export function toSpec(attempt: Attempt, places: Places): SandboxSpec {
  return {
    command: [...python, toProgram(attempt.program), JSON.stringify(places)],
    environment: { GIVEN: "to this one" },
    directory: null,
    mounts: attempt.mounts?.(places) ?? [],
    limits: { ...smallLimits, ...attempt.limits },
    onConnection: attempt.hasProxy === true ? (socket) => socket.destroy() : null,
    authority: null,
  };
}

async function watch(
  sandbox: Sandbox,
  { steer, mayEnd = false }: Attempt,
  withinMs: number,
): Promise<{ output: string; end: SandboxEnd }> {
  const heard = listen(sandbox, withinMs);
  let ended = false;
  const whenEnded = sandbox.ended.then((end) => {
    ended = true;
    return end;
  });
  const deadline = new AbortController();
  const late = sleep(withinMs, "late" as const, { signal: deadline.signal }).catch(
    () => "in time" as const,
  );
  const steered = steer?.({
    sandbox,
    pause: (ms) => sleep(ms),
    hasEnded: () => ended,
    said: (words) => heard.said(words, () => ended),
  });
  const first = await Promise.race([Promise.all([whenEnded, steered]), late]);
  if (first === "late") {
    sandbox.kill();
    await whenEnded;
  }
  deadline.abort();
  expect(first, `it did not end: ${heard.output().slice(-500)}`).not.toBe("late");
  const end = await whenEnded;
  if (steer === undefined && !mayEnd)
    expect(end.reason, heard.output().slice(-2_000)).toBe("ended with 0");
  return { output: heard.output(), end };
}

function listen(sandbox: Sandbox, withinMs: number) {
  let output = "";
  for (const stream of [sandbox.stdout, sandbox.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      output += chunk.toString("utf8");
      if (output.length > outputBytes) output = output.slice(-outputBytes);
    });
    stream.on("error", () => undefined);
  }
  sandbox.stdin.on("error", () => undefined);
  return {
    output: () => output,
    said: async (words: string, hasEnded: () => boolean): Promise<void> => {
      for (let waitedMs = 0; !output.includes(words); waitedMs += 5) {
        if (hasEnded() || waitedMs > withinMs)
          throw new Error(`it never said ${words}: ${output.slice(-2_000)}`);
        await sleep(5);
      }
    },
  };
}

/** The same program with nothing around it. Only for those that say what they get. */
export async function runOutside(attempt: Attempt, places: Places): Promise<Report> {
  const [program = "", ...args] = toSpec(attempt, places).command;
  const child = spawn(program, args, {
    cwd: places.writable,
    env: {},
    timeout: deadlineMs,
    killSignal: "SIGKILL",
  });
  child.stdin.end();
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk: Buffer) => {
      output += chunk.toString("utf8");
    });
  await new Promise((resolve) => child.once("close", resolve));
  const report = parseReport(output);
  if (report === null) throw new Error(`${attempt.name} told nothing: ${output.slice(-2_000)}`);
  return report;
}
