import type { SandboxDriver } from "../../../ports/sandbox.ts";
import { locate } from "../host/find-program.ts";
import { findPrograms, type Missing } from "../host/find-programs.ts";
import { createFirecrackerEngine } from "./firecracker-engine.ts";
import { toSetup } from "../host/image.ts";
import { MachineDriver, type MachineOptions } from "./machine-driver.ts";
import { createQemuEngine } from "./qemu-engine.ts";

const qemu = "qemu-system-x86_64";

/** Runs on every Linux; slowly, where no machine boots on KVM. */
export function createQemuDriver(options: MachineOptions): SandboxDriver {
  const findProgram = async (): Promise<string | Missing> => {
    const found = await findPrograms(options.path, { [qemu]: "qemu-system-x86" });
    if ("kind" in found) return { ...found, fix: toSetup("qemu") };
    return found[qemu] ?? "";
  };
  return new MachineDriver({ name: "qemu", findProgram, createEngine: createQemuEngine }, options);
}

export interface FirecrackerOptions extends MachineOptions {
  /** Where it is looked for before PATH is. */
  readonly programs: readonly string[];
}

/** Runs where machines boot on KVM. */
export function createFirecrackerDriver(options: FirecrackerOptions): SandboxDriver {
  const findProgram = async (): Promise<string | Missing> => {
    for (const name of [...options.programs, "firecracker"]) {
      const found = await locate(name, { path: options.path, directory: "/" });
      if (found !== null) return found;
    }
    const fix = toSetup("firecracker");
    return { kind: "missing", reason: "there is no `firecracker`", fix };
  };
  const createEngine = createFirecrackerEngine;
  return new MachineDriver({ name: "firecracker", findProgram, createEngine }, options);
}
