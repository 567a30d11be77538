import type { KeyHolder } from "../authority/keyring.ts";
import { Fault } from "../model/index.ts";
import type { RunAsking, RunDesk, RunReport } from "../ports/run-desk.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import { checkStart, type AgentsOptions } from "./run-agents.ts";
import { isOwn } from "./run-rights.ts";
import { principalOf } from "./tenant-of.ts";

export interface StartRunOptions extends AgentsOptions {
  readonly runs: RunDesk;
  readonly telemetry: Telemetry;
}

type Started = Omit<RunAsking, "principal" | "roles" | "parent">;

/** A run for whoever holds the key, over whichever door; or the one that it started under that name before. */
export async function startRun(
  options: StartRunOptions,
  holder: KeyHolder | null,
  asking: Started,
): Promise<{ readonly report: RunReport; readonly isNew: boolean }> {
  const { runs, telemetry } = options;
  const { agent } = asking;
  const principal = principalOf(holder);
  checkStart(options, agent, holder);
  const roles = holder?.roles ?? [];
  const { run, isNew } = await runs.start({ ...asking, principal, roles, parent: null });
  const report = await runs.read(principal.tenant, run);
  // Another's run is not shown for a name that two of them chose.
  if (!isOwn(holder, report))
    throw new Fault("key_reused", "The key stands for somebody else's run.");
  if (isNew) telemetry.log("info", "a run was started", { run, agent, by: holder?.id });
  return { report, isNew };
}

/** Doors at which a run is started and followed, and nothing else, take these. */
export function mayStart(holder: KeyHolder | null): boolean {
  return holder?.access.some((role) => role === "caller" || role === "admin") === true;
}
