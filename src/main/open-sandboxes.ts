import path from "node:path";
import { createBubblewrapDriver } from "../adapters/bubblewrap/driver.ts";
import { createEgressGate } from "../adapters/egress/egress-gate.ts";
import type { Config } from "../model/config.ts";
import type { Clock } from "../ports/clock.ts";
import type { Random } from "../ports/random.ts";
import type { Sandboxes } from "../ports/sandbox.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import { createSandboxes } from "../sandbox/sandboxes.ts";

/** What sandboxes are made with; the doctor's canary is made with the same. */
export interface SandboxParts {
  readonly clock: Clock;
  readonly random: Random;
  /** Where programs are looked for. */
  readonly forPrograms: Readonly<Record<string, string>>;
  /** Absolute paths that no sandbox ever sees. */
  readonly hidden: readonly string[];
}

/**
 * The last numbers that are left to people, and far from where they are given out; those above belong
 * to Debian's packages and systemd, and those above 65535 are not there in every container. Postgres runs
 * as another one.
 */
const sandboxUsers = { first: 59_000, count: 1_000 };

export function openSandboxDrivers({ clock, random, forPrograms, hidden }: SandboxParts) {
  const bubblewrap = createBubblewrapDriver({
    clock,
    random,
    hidden,
    uids: sandboxUsers,
    nodePath: process.execPath,
    path: forPrograms["PATH"] ?? "",
  });
  return [bubblewrap];
}

/** What a server that was killed has left is taken away first. */
export async function openSandboxes(
  parts: SandboxParts & { readonly telemetry: Telemetry },
): Promise<Sandboxes> {
  const { clock, telemetry } = parts;
  const drivers = openSandboxDrivers(parts);
  for (const driver of drivers) {
    await driver.sweep().catch((fault: unknown) => {
      telemetry.log("warn", "what earlier sandboxes left could not be taken away", {
        driver: driver.name,
        fault,
      });
    });
  }
  return createSandboxes({ drivers, egress: createEgressGate({ clock }), telemetry });
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
