import type { Sandbox, SandboxDriver } from "../../../src/ports/sandbox.ts";
import type { Traps } from "./traps.ts";

/** What takes more than one program to try. */
export interface Staged {
  readonly name: string;
  readonly run: (stage: Stage) => Promise<void>;
  /** What no other server does. */
  readonly asRoot?: boolean;
}

export interface Stage {
  readonly driver: SandboxDriver;
  readonly traps: Traps;
  /** Another sandbox of a server that is well. */
  readonly neighbour: Sandbox;
}
