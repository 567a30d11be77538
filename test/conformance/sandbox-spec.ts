import type { SandboxSpec } from "../../src/ports/sandbox.ts";

export const generousLimits = {
  memoryBytes: 512 * 1024 * 1024,
  processes: 128,
  cpuMillis: 2_000,
  scratchBytes: 16 * 1024 * 1024,
  openFiles: 256,
};

export const plainSpec: Omit<SandboxSpec, "command"> = {
  environment: {},
  directory: null,
  mounts: [],
  limits: generousLimits,
  onConnection: null,
  authority: null,
};
