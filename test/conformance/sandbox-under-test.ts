import type { SandboxDriver, SandboxProbe } from "../../src/ports/sandbox.ts";

export interface SandboxUnderTest {
  readonly driver: SandboxDriver;
  readonly probe: SandboxProbe;
  readonly nodePath: string;
  /** What there is on this machine of the driver's sandboxes: processes, groups, mounts, directories. */
  readonly findLeft: () => readonly string[];
  /** A machine of its own writes nothing of this machine's. */
  readonly writesMounts?: boolean;
  /** Nothing of ours runs beside its program, in what the program may use. */
  readonly needsNoPart?: boolean;
  /** Each start takes as long as many of others. */
  readonly isSlow?: boolean;
}
