import type { Duplex } from "node:stream";
import type { Instance } from "./instances.ts";
import type { Machine } from "./machine.ts";
import type { Accelerator, MachineShape } from "./shape.ts";
import type { Template } from "./templates.ts";

/** What runs machines: everything about one but the kernel, the guest, and what they say to each other. */
export interface Engine {
  /** Of its program: a snapshot is good for no other. */
  readonly version: string;
  /** What else a snapshot depends on: it fits no machine that is started otherwise. */
  toKey(shape: MachineShape): string;
  /** The files of a snapshot, besides the empty disk. */
  readonly files: readonly string[];
  /** The best one first. */
  readonly accelerators: readonly Accelerator[];
  boot(shape: MachineShape, instance: Instance): Booting;
  restore(template: Template, restoring: Restoring): Running;
}

export interface Restoring {
  readonly shape: MachineShape;
  readonly instance: Instance;
  /** The disk of its mounts. */
  readonly pack: string;
}

export interface Running {
  readonly machine: Machine;
  /** To the guest, once it can be reached. Rejects where it cannot. */
  readonly connect: () => Promise<Duplex>;
  /** Whether the guest begins then, and says so. */
  readonly greets: boolean;
}

export interface Booting extends Running {
  /** Writes the machine as it is into this directory. It does not go on afterwards. */
  readonly save: (into: string) => Promise<void>;
}
