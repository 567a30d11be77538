import { createInterface } from "node:readline";
import { once } from "node:events";
import type { DefinitionName, Payment } from "./payment.ts";

/** What the program of a runtime is told to do, once. */
export interface Task {
  readonly operation: "ask" | "approve" | "resume" | "resume unapproved" | "resume from before";
  readonly directory: string;
  readonly definition: DefinitionName;
  /** Where the runtime keeps state, if not in the directory. */
  readonly database: string;
}

export type Done = { readonly shown: Payment } | { readonly refused: string | null };

/**
 * One operation in a process of its own. It says when it is loaded and then waits for its task, so
 * that two of them can be started at the same moment.
 */
export async function runProgram(perform: (task: Task) => Promise<Payment | void>): Promise<void> {
  process.stdout.write("loaded\n");
  const [line] = (await once(createInterface({ input: process.stdin }), "line")) as [string];
  const task = JSON.parse(line) as Task;
  const done = await perform(task).then(
    (shown): Done => (shown === undefined ? { refused: null } : { shown }),
    (error: unknown): Done => ({ refused: String(error) }),
  );
  process.stdout.write(`${JSON.stringify(done)}\n`, () => process.exit(0));
}

/** A runtime is loaded by a name in a variable: it is no dependency of the product, nor are its types. */
export async function loadRuntime<T>(name: string): Promise<T> {
  return (await import(name)) as T;
}
