import { spawn, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { WorkerPlan } from "./worker-process.ts";

const file = fileURLToPath(new URL("worker-process.ts", import.meta.url));

/** Worker processes of one test, and the end of all that are left. */
export class WorkerPool {
  readonly #plan: Omit<WorkerPlan, "name">;
  readonly #children = new Map<string, ChildProcess>();
  #started = 0;
  readonly complaints: string[] = [];

  constructor(plan: Omit<WorkerPlan, "name">) {
    this.#plan = plan;
  }

  get names(): readonly string[] {
    return [...this.#children.keys()];
  }

  start(): string {
    const name = `w${(this.#started += 1)}`;
    const plan: WorkerPlan = { ...this.#plan, name };
    const child = spawn(process.execPath, [file, JSON.stringify(plan)], {
      stdio: ["ignore", "inherit", "pipe"],
    });
    child.stderr.on("data", (chunk) => this.complaints.push(String(chunk)));
    this.#children.set(name, child);
    return name;
  }

  signal(name: string, signal: NodeJS.Signals): void {
    this.#children.get(name)!.kill(signal);
  }

  async kill(name: string): Promise<void> {
    const child = this.#children.get(name)!;
    this.#children.delete(name);
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await gone;
  }

  async close(): Promise<void> {
    await Promise.all(this.names.map((name) => this.kill(name)));
  }
}
