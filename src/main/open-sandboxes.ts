import path from "node:path";
import { createBubblewrapDriver } from "../adapters/sandboxes/bubblewrap/driver.ts";
import { createGvisorDriver } from "../adapters/sandboxes/gvisor/driver.ts";
import { toMachinePlace } from "../adapters/sandboxes/images/machine-image.ts";
import { createFirecrackerDriver, createQemuDriver } from "../adapters/sandboxes/microvm/driver.ts";
import { createQuickjsDriver } from "../adapters/sandboxes/quickjs/driver.ts";
import { createEgressGate } from "../adapters/egress/egress-gate.ts";
import type { Config } from "../model/config.ts";
import type { Clock } from "../ports/clock.ts";
import type { Random } from "../ports/random.ts";
import type { SandboxDriver, Sandboxes } from "../ports/sandbox.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import { createSandboxes } from "../sandbox/sandboxes.ts";

/** What sandboxes are made with; the doctor's canary is made with the same. */
export interface SandboxParts {
  readonly clock: Clock;
  readonly random: Random;
  /** Where programs are looked for. */
  readonly forPrograms: Readonly<Record<string, string>>;
  /** What `sandbox setup` has made for drivers. */
  readonly sandboxesDirectory: string;
  /** Absolute paths that no sandbox ever sees. */
  readonly hidden: readonly string[];
  /** Hears of what a driver has mended by itself. */
  readonly note?: (text: string) => void;
}

/**
 * The last numbers that are left to people, and far from where they are given out; those above belong
 * to Debian's packages and systemd, and those above 65535 are not there in every container. Postgres runs
 * as another one.
 */
const sandboxUsers = { first: 59_000, count: 500 };
/** Each driver has its own, so that two never give out the same one; what sandboxes write they share. */
const gvisorUsers = { first: 59_500, count: 200, writer: sandboxUsers.first };
const firecrackerUsers = { first: 59_700, count: 100 };
const qemuUsers = { first: 59_800, count: 100 };
const interpreterUsers = { first: 59_900, count: 100 };

export function openSandboxDrivers(parts: SandboxParts) {
  const { clock, random, forPrograms, sandboxesDirectory, hidden } = parts;
  const own = { clock, random, nodePath: process.execPath, path: forPrograms["PATH"] ?? "" };
  const quickjs = createQuickjsDriver({ ...own, uids: interpreterUsers });
  const bubblewrap = createBubblewrapDriver({ ...own, hidden, uids: sandboxUsers });
  const runsc = [path.join(sandboxesDirectory, "bin", "runsc")];
  const gvisor = createGvisorDriver({ ...own, hidden, uids: gvisorUsers, runsc });
  const machines = {
    ...own,
    hidden,
    image: toMachinePlace(sandboxesDirectory),
    directory: path.join(sandboxesDirectory, "machines"),
    note: parts.note ?? (() => undefined),
  };
  const programs = [path.join(sandboxesDirectory, "bin", "firecracker")];
  const firecracker = createFirecrackerDriver({ ...machines, uids: firecrackerUsers, programs });
  const qemu = createQemuDriver({ ...machines, uids: qemuUsers });
  return [quickjs, bubblewrap, gvisor, firecracker, qemu];
}

/** What a server that was killed has left is taken away first. */
export async function openSandboxes(
  parts: SandboxParts & { readonly telemetry: Telemetry },
): Promise<Sandboxes> {
  const { clock, random, telemetry } = parts;
  const drivers = openSandboxDrivers({ ...parts, note: (text) => telemetry.log("warn", text) });
  // Side by side, since a start waits for all of them.
  await Promise.all(drivers.map((driver) => sweep(driver, telemetry)));
  const egress = createEgressGate({ clock, random });
  return createSandboxes({ drivers, egress, random, telemetry });
}

async function sweep(driver: SandboxDriver, telemetry: Telemetry): Promise<void> {
  await driver.sweep().catch((fault: unknown) => {
    telemetry.log("warn", "what earlier sandboxes left could not be taken away", {
      driver: driver.name,
      fault,
    });
  });
}

/** Our data and keys: whoever is given a directory around them does not see them. */
export function listHidden({
  config,
  directory,
  configDirectory,
}: {
  readonly config: Pick<Config, "store" | "ledger">;
  readonly directory: string;
  readonly configDirectory: string;
}): readonly string[] {
  const { store, ledger } = config;
  return [
    configDirectory,
    ...(store.kind === "embedded" ? [path.resolve(directory, store.directory)] : []),
    ...(ledger.checkpoints === undefined ? [] : [path.resolve(directory, ledger.checkpoints)]),
  ];
}
