import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Stopped } from "./stopped.ts";

/** Until when what does not start is tried again. */
export interface Patience {
  readonly untilMs: number;
}

/** Longer than Countersign takes to end what is under way. */
const afterKillMs = 30_000;
const pauseMs = 250;

/**
 * Notes who runs here. Where whoever ran before was killed, its programs are just ending, and still have the
 * ports and the data directory: these are waited for. From anybody else they are not taken.
 */
export function takePlace(file: string): { readonly patience: Patience; leave(): void } {
  const before = readPid(file);
  const wasKilled = before !== null && !isAlive(before);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, `${process.pid}\n`);
  return {
    patience: { untilMs: performance.now() + (wasKilled ? afterKillMs : 0) },
    leave: () => rmSync(file, { force: true }),
  };
}

export async function retryUntil<Value>(
  { untilMs }: Patience,
  attempt: () => Promise<Value>,
): Promise<Value> {
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof Stopped) || performance.now() >= untilMs) throw error;
      await sleep(pauseMs);
    }
  }
}

function readPid(file: string): number | null {
  try {
    const pid = Number(readFileSync(file, "utf8"));
    return Number.isInteger(pid) && pid > 1 ? pid : null;
  } catch {
    return null;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
