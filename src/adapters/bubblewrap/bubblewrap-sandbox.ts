import type { ChildProcess } from "node:child_process";
import { constants } from "node:os";
import { readFileSync } from "node:fs";
import type { Readable, Writable } from "node:stream";
import type { Clock } from "../../ports/clock.ts";
import type { Sandbox, SandboxEnd, SandboxUsage } from "../../ports/sandbox.ts";
import type { Group } from "./groups.ts";
import { statusOf } from "./launch.ts";
import { readBegan } from "./owner.ts";
import { readStatus, type FirstProcess, type Status } from "./status.ts";
import type { Streams } from "./streams.ts";
import type { Outlet } from "./take-listener.ts";

export interface SandboxParts {
  readonly child: ChildProcess;
  readonly streams: Streams;
  readonly group: Group;
  readonly clock: Clock;
  /** After nothing of it is left. */
  readonly onEnded: () => void;
}

const pauseMs = 5;
const mostPauses = 1_000;
/** A process that has been killed and is still there is stuck in the kernel. */
const stuckMs = 10_000;
/** Time to learn whom to kill, where there is no group to do it by. */
const unknownMs = 2_000;
const statusMs = 1_000;

/** How the process that waits outside ended. */
interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly error: NodeJS.ErrnoException | null;
}

/**
 * The program, the process that waits for it outside, and the group that holds both. Killing the one
 * outside is not enough: in its first moments it does not take the others with it.
 */
export class BubblewrapSandbox implements Sandbox {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly ended: Promise<SandboxEnd>;
  readonly #parts: SandboxParts;
  readonly #status: Status;
  readonly #exited: Promise<void>;
  #outlet: Outlet | null = null;
  #isKilled = false;
  #hasExited = false;
  #giveUp: (exit: Exit) => void = () => undefined;

  constructor(parts: SandboxParts) {
    const { child, streams } = parts;
    this.#parts = parts;
    this.stdin = streams.stdin;
    this.stdout = streams.stdout;
    this.stderr = streams.stderr;
    // A broken pipe is told by the end of the program.
    this.stdin.on("error", () => undefined);
    this.#status = readStatus(statusOf(child), () => {
      if (this.#isKilled) this.#killAll();
    });
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
    const { first } = this.#status;
    const program = first === null ? null : readChild(first.pid);
    // It has not begun: there is nobody to ask.
    if (program === null) return this.kill();
    signal(program, "SIGTERM");
  }

  kill(): void {
    const { exitCode, signalCode } = this.#parts.child;
    if (this.#isKilled || exitCode !== null || signalCode !== null) return;
    this.#isKilled = true;
    this.#killAll();
    void this.#seeThrough();
  }

  #killAll(): void {
    const { child, group } = this.#parts;
    const { first } = this.#status;
    group.kill();
    if (first !== null) killFirst(first);
    if (group.directories.length > 0 || first !== null) child.kill("SIGKILL");
  }

  /** Without a group, the one outside is killed only after the first one inside is known. */
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
    const { group, clock, onEnded, streams } = this.#parts;
    this.#outlet?.close();
    group.kill();
    streams.stdin.destroy();
    await Promise.race([this.#status.closed, clock.sleep(statusMs)]);
    const { first } = this.#status;
    const isGone = first === null || (await this.#seeOff(first));
    const usage = group.readUsage();
    const groups = await group.remove();
    onEnded();
    const processes = isGone ? [] : [`process ${first.pid}`];
    return { reason: this.#toReason(exit, usage), usage, remains: [...groups, ...processes] };
  }

  async #seeOff(first: FirstProcess): Promise<boolean> {
    for (let paused = 0; paused < mostPauses; paused += 1) {
      if (!killFirst(first)) return true;
      await this.#parts.clock.sleep(pauseMs);
    }
    return false;
  }

  #toReason({ code, signal: by, error }: Exit, usage: SandboxUsage): string {
    if (error !== null) return `could not be started (${error.code ?? error.message})`;
    const { exitCode } = this.#status;
    const wasKilled = exitCode === null || exitCode === killedCode;
    if (this.#isKilled && wasKilled) return ended("SIGKILL");
    if (wasKilled && (usage.memoryKills ?? 0) > 0) return "used more memory than it may";
    if (exitCode !== null) return toExitReason(exitCode);
    return by === null ? `could not be set up (bwrap ended with ${code})` : ended(by);
  }
}

/** What nobody reads is read away, so that it closes. */
function drain(streams: readonly Readable[]): void {
  for (const stream of streams) if (stream.readableFlowing === null) stream.resume();
}

const ended = (by: string): string => `was ended by ${by}`;

const signalBase = 128;
const killedCode = signalBase + constants.signals.SIGKILL;

/** As shells do, bwrap tells a signal by a code above 128. */
function toExitReason(code: number): string {
  const name = Object.entries(constants.signals).find(
    ([, number]) => number === code - signalBase,
  )?.[0];
  return name === undefined ? `ended with ${code}` : ended(name);
}

/** Not "close": what has left its group of processes may hold the streams open. */
function waitForExit(child: ChildProcess): Promise<Exit> {
  return new Promise((resolve) => {
    child.once("error", (error) => resolve({ code: null, signal: null, error }));
    child.once("exit", (code, by) => resolve({ code, signal: by, error: null }));
  });
}

/** Whether it was still there. */
function killFirst({ pid, beganAt }: FirstProcess): boolean {
  if (readBegan(pid) !== beganAt) return false;
  signal(pid, "SIGKILL");
  return true;
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It ended meanwhile.
  }
}

/** The program itself is the first child of the first process. */
function readChild(pid: number): number | null {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8");
    const [child = ""] = text.trim().split(" ");
    return child === "" ? null : Number(child);
  } catch {
    return null;
  }
}
