import type { ChildProcess } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import type { Clock } from "../../../ports/clock.ts";
import type { Sandbox, SandboxEnd, SandboxUsage } from "../../../ports/sandbox.ts";
import { drain, killedCode, toEndedBy, toExitReason, waitForExit, type Exit } from "./exit.ts";
import type { Group } from "./groups.ts";
import type { Outlet } from "./outlet.ts";
import type { Streams } from "./streams.ts";

/** What one driver knows of those inside, besides the group that holds them and the one that waits outside. */
export interface Inside {
  /** Ends those that are known; tells whether the one outside may be killed, since nobody else is to learn of them. */
  kill(): boolean;
  /** False: it has not begun, so there is nobody to ask. */
  terminate(): boolean;
  /** Once the one outside has ended: ends the others. Gives what stays. */
  seeOff(): Promise<readonly string[]>;
  /** How the program ended, where it did; null: it was never started, or did not end by itself. */
  toExitCode(exit: Exit): number | null;
}

export interface BoxedParts {
  readonly child: ChildProcess;
  readonly streams: Streams;
  readonly group: Group;
  readonly clock: Clock;
  /** What the program outside is called where it fails. */
  readonly tool: string;
  readonly inside: Inside;
  /** After nothing of it runs. Gives what else could not be taken away. */
  readonly onEnded: () => Promise<readonly string[]>;
}

/** A process that has been killed and is still there is stuck in the kernel. */
const stuckMs = 10_000;
/** Time to learn whom to kill, where there is no group to do it by. */
const unknownMs = 2_000;

/**
 * The program, the process that waits for it outside, and the group that holds both. Killing the one
 * outside is not enough: in its first moments it does not take the others with it.
 */
export class BoxedProgram implements Sandbox {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly ended: Promise<SandboxEnd>;
  readonly #parts: BoxedParts;
  readonly #exited: Promise<void>;
  #outlet: Outlet | null = null;
  #isKilled = false;
  #hasExited = false;
  #giveUp: (exit: Exit) => void = () => undefined;

  constructor(parts: BoxedParts) {
    const { child, streams } = parts;
    this.#parts = parts;
    this.stdin = streams.stdin;
    this.stdout = streams.stdout;
    this.stderr = streams.stderr;
    // A broken pipe is told by the end of the program.
    this.stdin.on("error", () => undefined);
    const stuck = new Promise<Exit>((resolve) => {
      this.#giveUp = resolve;
    });
    const exit = Promise.race([waitForExit(child), stuck]);
    this.#exited = exit.then(() => {
      this.#hasExited = true;
    });
    this.ended = exit.then((how) => this.#finish(how));
    // Whoever waits for the end has looked at them by then.
    void this.ended.then(() => setImmediate(drain, [this.stdout, this.stderr]));
  }

  /** Closes together with the sandbox. */
  attach(outlet: Outlet): void {
    if (this.#hasExited) outlet.close();
    this.#outlet = outlet;
  }

  terminate(): void {
    // Its number may be another's by now.
    if (this.#hasExited) return;
    if (!this.#parts.inside.terminate()) this.kill();
  }

  kill(): void {
    const { exitCode, signalCode } = this.#parts.child;
    if (this.#isKilled || exitCode !== null || signalCode !== null) return;
    this.#isKilled = true;
    this.#killAll();
    void this.#seeThrough();
  }

  /** Somebody inside has become known. */
  noticeInside(): void {
    if (this.#isKilled) this.#killAll();
  }

  #killAll(): void {
    const { child, group, inside } = this.#parts;
    group.kill();
    if (inside.kill() || group.directories.length > 0) child.kill("SIGKILL");
  }

  /** Without a group, the one outside is killed only after those inside are known. */
  async #seeThrough(): Promise<void> {
    const { child } = this.#parts;
    if (await this.#exitsWithin(unknownMs)) return;
    child.kill("SIGKILL");
    if (await this.#exitsWithin(stuckMs)) return;
    this.#giveUp({ code: null, signal: "SIGKILL", error: null });
  }

  async #exitsWithin(ms: number): Promise<boolean> {
    const done = new AbortController();
    const late = this.#parts.clock.sleep(ms, done.signal).then(
      () => false,
      () => true,
    );
    const exits = await Promise.race([this.#exited.then(() => true), late]);
    done.abort();
    return exits;
  }

  async #finish(exit: Exit): Promise<SandboxEnd> {
    const { group, onEnded, streams, inside } = this.#parts;
    this.#outlet?.close();
    group.kill();
    streams.stdin.destroy();
    const processes = await inside.seeOff();
    const usage = group.readUsage();
    // While what the tool left is still there to be read.
    const reason = this.#toReason(exit, usage);
    const groups = await group.remove();
    const others = await onEnded();
    return { reason, usage, remains: [...new Set([...groups, ...processes, ...others])] };
  }

  #toReason(exit: Exit, usage: SandboxUsage): string {
    const { error, signal, code } = exit;
    const { inside, tool } = this.#parts;
    if (error !== null) return `could not be started (${error.code ?? error.message})`;
    const exitCode = inside.toExitCode(exit);
    const wasKilled = exitCode === null || exitCode === killedCode;
    if (this.#isKilled && wasKilled) return toEndedBy("SIGKILL");
    if (wasKilled && (usage.memoryKills ?? 0) > 0) return "used more memory than it may";
    if (exitCode !== null) return toExitReason(exitCode);
    return signal === null ? `could not be set up (${tool} ended with ${code})` : toEndedBy(signal);
  }
}
