import { execFile } from "node:child_process";
import type { Check } from "../../model/check.ts";
import type { Clock } from "../../ports/clock.ts";

/** Looks at one thing for real, and says what it saw. */
export interface Probe {
  readonly name: string;
  readonly look: () => Promise<Finding>;
}
export type Finding = Omit<Check, "name">;

export const ok = (message: string): Finding => ({ status: "ok", message, remedy: null });
export const warn = (message: string, remedy: string | null = null): Finding => ({
  status: "warn",
  message,
  remedy,
});
export const fail = (message: string, remedy: string): Finding => ({
  status: "fail",
  message,
  remedy,
});

/** A first start of Postgres takes under two seconds; what takes longer than this hangs. */
const probeWithinMs = 30_000;

/** A probe that throws or hangs is itself a finding. */
export async function runProbe({ name, look }: Probe, clock: Clock): Promise<Check> {
  const done = new AbortController();
  const late = clock.sleep(probeWithinMs, done.signal).then(
    () => fail(`does not answer within ${probeWithinMs / 1000} s`, "Look at what hangs."),
    () => fail("was given up", "Run it again."),
  );
  try {
    return { name, ...(await Promise.race([look(), late])) };
  } catch (error) {
    const message = error instanceof Error ? error.message : "failed";
    return { name, ...fail(message, "Mend what the message names.") };
  } finally {
    done.abort();
  }
}

export type Ran =
  | { readonly kind: "missing" }
  | { readonly kind: "ran"; readonly code: number; readonly output: string };

const programWithinMs = 5_000;

/** Runs a program without a shell; its first line of output, whichever way it came. */
export async function runProgram(file: string, args: readonly string[]): Promise<Ran> {
  return new Promise((resolve) => {
    execFile(file, args, { timeout: programWithinMs, maxBuffer: 64 * 1024 }, (error, out, err) => {
      if (error?.code === "ENOENT") return resolve({ kind: "missing" });
      const code = typeof error?.code === "number" ? error.code : error === null ? 0 : 1;
      const output = `${out}${err}`.trim().split("\n")[0] ?? "";
      return resolve({ kind: "ran", code, output });
    });
  });
}
