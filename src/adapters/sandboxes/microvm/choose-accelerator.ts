import { constants, accessSync, readFileSync } from "node:fs";
import { readFile, rename, writeFile } from "node:fs/promises";
import path from "node:path";
import type { Accelerator } from "./shape.ts";

export interface AcceleratorTrial {
  /** Where what was found out is kept until this host boots again. */
  readonly directory: string;
  /** What was tried: another one may do better. */
  readonly base: string;
  /** The best one first. */
  readonly accelerators: readonly Accelerator[];
  /** Boots a machine on it. Throws where that does not come up in time. */
  readonly tryIt: (accelerator: Accelerator) => Promise<unknown>;
}

/** A device that opens proves nothing: only a machine that boots on it does. Throws where none does. */
export async function chooseAccelerator(trial: AcceleratorTrial): Promise<Accelerator> {
  const [first, ...others] = trial.accelerators;
  if (first !== "kvm") return "tcg";
  const last = others.length === 0;
  if (!canOpen("/dev/kvm")) {
    if (last) throw new Error("/dev/kvm cannot be opened");
    return "tcg";
  }
  if (last) {
    await trial.tryIt("kvm");
    return "kvm";
  }
  const file = path.join(trial.directory, "accelerator.json");
  const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  const asked = JSON.stringify({ boot, base: trial.base });
  const known = await readFile(file, "utf8").catch(() => "");
  const [accelerator, forWhat] = known.trimEnd().split("\n");
  if (forWhat === asked && (accelerator === "kvm" || accelerator === "tcg")) return accelerator;
  const found = await trial.tryIt("kvm").then(
    () => "kvm" as const,
    () => "tcg" as const,
  );
  await writeFile(`${file}.new`, `${found}\n${asked}\n`);
  await rename(`${file}.new`, file);
  return found;
}

function canOpen(device: string): boolean {
  try {
    accessSync(device, constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
