/** What a worker process is told to do. */
export type Order =
  /** Carries out so many workflows of twenty steps, after some to warm up; begins none later. */
  | {
      readonly op: "flows";
      readonly flow: FlowName;
      readonly atOnce: number;
      readonly workflows: number;
      readonly beginWithinMs: number;
    }
  /** Starts workflows that wait for a signal; answers when all of them wait. */
  | { readonly op: "park"; readonly count: number }
  /** Signals one of its own after the other, each once it waits, with others busy beside. */
  | { readonly op: "signals"; readonly probes: number; readonly beside: number }
  /** Starts one that steps for as long as it lives. */
  | { readonly op: "tick" }
  /** What the process has used and holds, after a garbage collection. */
  | { readonly op: "use" };

export type FlowName = "once" | "effect" | "gated";

export interface Flows {
  readonly steps: number;
  readonly seconds: number;
  readonly workflows: number;
  /** From one step of a workflow to its next one, in milliseconds. */
  readonly gapMs: { readonly p50: number; readonly p99: number };
  /** Of a whole workflow, from its start to its end. */
  readonly workflowMs: { readonly p50: number };
  readonly ownMicros: number;
  readonly serverMicros: number;
}

export interface Signals {
  /** From the call that signals to the first thing that the workflow does then. */
  readonly wakeMs: { readonly p50: number; readonly p99: number };
  readonly besidePerSecond: number;
}

export interface Use {
  readonly rss: number;
  readonly cpuMicros: number;
}

/** What a worker process says without being asked. */
export type Said =
  | { readonly kind: "ready" }
  | { readonly kind: "ticked" }
  | { readonly kind: "answer"; readonly answer: unknown }
  | { readonly kind: "failed"; readonly reason: string };

/** How a worker is started. */
export interface Start {
  /** Of the database, or of Restate's administration and ingress. */
  readonly urls: readonly string[];
  /** Whose CPU counts as the server's. */
  readonly serverPid: number;
  readonly port: number;
  /** Another worker of it is there already. */
  readonly isBeside?: boolean;
}
