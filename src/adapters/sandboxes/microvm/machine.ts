import type { ChildProcess } from "node:child_process";
import type { Duplex, Readable } from "node:stream";
import type { Clock } from "../../../ports/clock.ts";
import type { SandboxUsage } from "../../../ports/sandbox.ts";
import { waitForExit, type Exit } from "../host/exit.ts";
import type { Group } from "../host/groups.ts";

export interface MachineParts {
  readonly child: ChildProcess;
  readonly group: Group;
  readonly clock: Clock;
  /** Takes away what else there is of it. Gives what stays. */
  readonly remove: () => Promise<readonly string[]>;
}

/** A process that has been killed and is still there is stuck in the kernel. */
const stuckMs = 10_000;
const mostSaid = 2_000;

/** What runs one machine, with the group that holds it. */
export class Machine {
  readonly exited: Promise<Exit>;
  readonly #parts: MachineParts;
  #said = "";
  #giveUp: (exit: Exit) => void = () => undefined;
  #isKilled = false;

  constructor(parts: MachineParts) {
    this.#parts = parts;
    const stuck = new Promise<Exit>((resolve) => {
      this.#giveUp = resolve;
    });
    this.exited = Promise.race([waitForExit(parts.child), stuck]);
    for (const stream of [parts.child.stdout, parts.child.stderr]) this.#listen(stream);
  }

  get group(): Group {
    return this.#parts.group;
  }

  /** The end of what it shares with whoever started it. */
  connection(descriptor: number): Duplex {
    return (this.#parts.child.stdio as readonly unknown[])[descriptor] as Duplex;
  }

  /** What it said of itself last, and its kernel. */
  get said(): string {
    return this.#said.trim();
  }

  kill(): void {
    if (this.#isKilled) return;
    this.#isKilled = true;
    this.#parts.group.kill();
    this.#parts.child.kill("SIGKILL");
    const done = new AbortController();
    void this.exited.then(() => done.abort());
    this.#parts.clock.sleep(stuckMs, done.signal).then(
      () => this.#giveUp({ code: null, signal: "SIGKILL", error: null }),
      () => undefined,
    );
  }

  /** Ends it, and takes all of it away. */
  async remove(): Promise<{ readonly usage: SandboxUsage; readonly remains: readonly string[] }> {
    this.kill();
    await this.exited;
    const { group, remove } = this.#parts;
    group.kill();
    const usage = group.readUsage();
    return { usage, remains: [...(await group.remove()), ...(await remove())] };
  }

  #listen(stream: Readable | null): void {
    stream?.on("error", () => undefined);
    stream?.on("data", (chunk: Buffer) => {
      this.#said = (this.#said + chunk.toString("utf8")).slice(-mostSaid);
    });
  }
}
