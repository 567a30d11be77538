import type { Duplex, Readable, Writable } from "node:stream";
import type { Digest } from "../model/index.ts";
import type { SecretValue } from "./secrets.ts";
import type { Enforcement, SandboxLimits, SandboxStamp, Tier } from "../model/sandbox.ts";

/** One way of keeping programs from the host. Every driver passes the same suite. */
export interface SandboxDriver {
  /** As receipts call it: `bubblewrap`. */
  readonly name: string;
  readonly tier: Tier;
  /**
   * Starts a canary and looks at what it could do: a part that is installed proves nothing. Ends in the
   * driver's own time, and never throws.
   */
  probe(): Promise<SandboxProbe>;
  /** Starts one program in a sandbox of its own. Throws the fault `sandbox_failed`. */
  start(spec: SandboxSpec): Promise<Sandbox>;
  /** Takes away what a server that was killed has left here. */
  sweep(): Promise<void>;
}

export type SandboxProbe =
  | {
      readonly kind: "usable";
      /** What the canary saw, one plain sentence each: "it has no network but loopback". */
      readonly evidence: readonly string[];
      readonly enforcement: Enforcement;
    }
  | {
      readonly kind: "missing";
      readonly reason: string;
      /** One line that mends it; null: nothing on this machine does. */
      readonly fix: string | null;
    };

export interface SandboxSpec {
  /** Program and arguments; the program is found on the host's PATH, or is a path. */
  readonly command: readonly string[];
  /**
   * All that it has. PATH and HOME are the driver's where it does not say; PWD is where it starts, and
   * the variables of a proxy are set where it has one.
   */
  readonly environment: Readonly<Record<string, string>>;
  /** Where it starts: a path of the host that is among the mounts; null: its scratch directory. */
  readonly directory: string | null;
  /** What it sees of the host besides the system's own programs: at the same paths. */
  readonly mounts: readonly Mount[];
  readonly limits: SandboxLimits;
  /** Takes each connection that the program opens to its proxy; null: it can reach nothing. */
  readonly onConnection: ((socket: Duplex) => void) | null;
  /** Certificates (PEM) that it trusts besides those of the system; null: none. */
  readonly authority: string | null;
}

export interface Mount {
  /** Absolute, without links. Where we are root, what is root's in a writable one changes its owner. */
  readonly path: string;
  readonly isWritable: boolean;
}

/** A program in a sandbox, used once. */
export interface Sandbox {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Once nothing of it is left: no process, group, mount or directory. Never rejects. */
  readonly ended: Promise<SandboxEnd>;
  /** Asks the program to end. */
  terminate(): void;
  /** Ends all of it at once. */
  kill(): void;
}

export interface SandboxEnd {
  /** "ended with 0", "was ended by SIGKILL", "used more memory than it may". */
  readonly reason: string;
  readonly usage: SandboxUsage;
  /** What could not be taken away, said plainly; empty: nothing is left. */
  readonly remains: readonly string[];
}

/** Null: this machine does not count it. */
export interface SandboxUsage {
  readonly memoryPeakBytes: number | null;
  readonly cpuUs: number | null;
  /** Processes that were refused at the limit. */
  readonly refusedProcesses: number | null;
  /** Times that something was ended for using too much memory. */
  readonly memoryKills: number | null;
}

/** What is asked for by the parts of the product that run programs: hosts, not connections. */
export interface SandboxWish extends Omit<SandboxSpec, "onConnection" | "authority"> {
  /** Whose program it is, for the log. */
  readonly server: string;
  /** Where it may connect to, as configuration writes it; empty: nowhere. */
  readonly egress: readonly string[];
  /** Whether those names may stand for private or loopback addresses. */
  readonly private: boolean;
  /** Secrets that it may use at those hosts without having them. */
  readonly credentials: readonly EgressCredential[];
}

/** A secret that the egress gate puts into requests to one place, where the program puts a placeholder. */
export interface EgressCredential {
  /** The variable in which the program finds its placeholder; names it in the log. */
  readonly variable: string;
  /** Name and port, as in `egress`. */
  readonly place: string;
  readonly secret: SecretValue;
}

export interface Sandboxes {
  /** Throws the fault `sandbox_missing` where this machine has no such tier. */
  start(tier: Tier, wish: SandboxWish): Promise<StartedSandbox>;
  /** Of every tier, as it was found out last. */
  list(): Promise<readonly SandboxRow[]>;
}

export interface StartedSandbox {
  readonly sandbox: Sandbox;
  /** For receipts, as it stands now. */
  readonly stamp: () => SandboxStamp;
}

export interface SandboxRow {
  readonly driver: string;
  readonly tier: Tier;
  readonly probe: SandboxProbe;
  /** Null where there is none. */
  readonly evidence: Digest | null;
}
