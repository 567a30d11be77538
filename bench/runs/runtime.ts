import type { FlowName } from "./orders.ts";

/** Steps of one workflow. */
export const stepsPerFlow = 20;
/** A step of the one that never ends takes so long. */
export const tickMs = 20;
/** What a step brings back. */
export const stepText = "Done as it was asked for, and nothing else was done beside it. ".repeat(2);

/** A durable runtime in this process, used as its documentation says. */
export interface Runtime {
  /** One workflow of twenty steps; resolves once it has ended. */
  flow(flow: FlowName, id: string): Promise<void>;
  /** One that waits for a signal; resolves once it waits. */
  park(id: string): Promise<void>;
  /** Resolves once the signal is durable. */
  signal(id: string): Promise<void>;
  /** One whose steps go on and on. */
  tick(): Promise<void>;
}

/** What workflows say while they are carried out. */
export interface Meter {
  /** A step of the workflow is carried out. */
  stepped(id: string): void;
  /** The workflow that was signalled goes on. */
  wentOn(id: string): void;
  ticked(): void;
}

/** A runtime is loaded by a name in a variable: it is no dependency of the product, nor are its types. */
export async function loadRuntime<T>(name: string): Promise<T> {
  return (await import(name)) as T;
}
