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
