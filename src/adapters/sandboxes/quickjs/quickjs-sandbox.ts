import type { ChildProcess } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import type { Clock } from "../../../ports/clock.ts";
import type { Sandbox, SandboxEnd, SandboxUsage } from "../../../ports/sandbox.ts";
import { drain, toEndedBy, waitForExit, type Exit } from "../host/exit.ts";
import type { Group } from "../host/groups.ts";
import type { Streams } from "../host/streams.ts";

export interface QuickjsParts {
  readonly child: ChildProcess;
  readonly streams: Streams;
  readonly group: Group;
  readonly clock: Clock;
  /** What the interpreter is to do; whatever is written to it later is input. */
  readonly order: Uint8Array;
  /** After nothing of it is left. */
  readonly onEnded: () => Promise<readonly string[]>;
}

/** A process that has been killed and is still there is stuck in the kernel. */
const stuckMs = 10_000;

/** One process, which may start no other, in a group of its own where there are any. */
export class QuickjsSandbox implements Sandbox {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly ended: Promise<SandboxEnd>;
  readonly #parts: QuickjsParts;
  readonly #done = new AbortController();
  #isKilled = false;
  #giveUp: (exit: Exit | null) => void = () => undefined;

  constructor(parts: QuickjsParts) {
    const { child, streams, order } = parts;
    this.#parts = parts;
    this.stdin = streams.stdin;
    this.stdout = streams.stdout;
    this.stderr = streams.stderr;
    // A broken pipe is told by the end of the program.
    this.stdin.on("error", () => undefined);
    this.stdin.write(order);
    const stuck = new Promise<Exit | null>((resolve) => {
      this.#giveUp = resolve;
    });
    this.ended = Promise.race([waitForExit(child), stuck]).then((exit) => this.#finish(exit));
    // Whoever waits for the end has looked at them by then.
    void this.ended.then(() => setImmediate(drain, [this.stdout, this.stderr]));
  }

  terminate(): void {
    this.#parts.child.kill("SIGTERM");
  }

  kill(): void {
    const { child, group, clock } = this.#parts;
    if (this.#isKilled || child.exitCode !== null || child.signalCode !== null) return;
    this.#isKilled = true;
    group.kill();
    child.kill("SIGKILL");
    clock.sleep(stuckMs, this.#done.signal).then(
      () => this.#giveUp(null),
      () => undefined,
    );
  }

  async #finish(exit: Exit | null): Promise<SandboxEnd> {
    const { child, group, onEnded, streams } = this.#parts;
    this.#done.abort();
    streams.stdin.destroy();
    const usage = group.readUsage();
    const groups = await group.remove();
    const others = await onEnded();
    const processes = exit === null ? [`process ${child.pid}`] : [];
    const remains = [...new Set([...groups, ...processes, ...others])];
    return { reason: this.#toReason(exit, usage), usage, remains };
  }

  #toReason(exit: Exit | null, usage: SandboxUsage): string {
    const { code, signal, error } = exit ?? { code: null, signal: "SIGKILL", error: null };
    if (error !== null) return `could not be started (${error.code ?? error.message})`;
    if (code !== null) return `ended with ${code}`;
    const isTooMuch = !this.#isKilled && (usage.memoryKills ?? 0) > 0;
    return isTooMuch ? "used more memory than it may" : toEndedBy(signal ?? "SIGKILL");
  }
}
