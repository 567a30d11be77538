import type { Readable, Writable } from "node:stream";
import type { Clock } from "../../../ports/clock.ts";
import type { Sandbox, SandboxEnd } from "../../../ports/sandbox.ts";
import { drain, killedCode, toEndedBy, toExitReason } from "../host/exit.ts";
import type { GuestLink, ProgramEnd } from "./guest-link.ts";
import type { Machine } from "./machine.ts";

export interface SandboxParts {
  readonly machine: Machine;
  readonly link: GuestLink;
  readonly clock: Clock;
  /** What the machine had used before its program began; null: this host does not count it. */
  readonly cpuUsBefore: number | null;
}

/** From the end of the program until all that it said is here. */
const lastWordsMs = 10_000;

type End =
  | { readonly kind: "program"; readonly end: ProgramEnd }
  | { readonly kind: "killed" }
  | { readonly kind: "broken"; readonly reason: string };

/** The one program of a machine; the machine ends with it. */
export class MachineSandbox implements Sandbox {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly ended: Promise<SandboxEnd>;
  readonly #parts: SandboxParts;
  #isKilled = false;
  #tellKilled: (end: End) => void = () => undefined;

  constructor(parts: SandboxParts) {
    this.#parts = parts;
    const { link, machine, clock } = parts;
    this.stdin = link.stdin;
    this.stdout = link.stdout;
    this.stderr = link.stderr;
    const killed = new Promise<End>((resolve) => {
      this.#tellKilled = resolve;
    });
    const program = link.whenEnded(clock, lastWordsMs).then(
      (end): End => ({ kind: "program", end }),
      (error: Error): End => ({ kind: "broken", reason: error.message }),
    );
    const gone = machine.exited.then((): End => ({ kind: "broken", reason: "it stopped" }));
    this.ended = Promise.race([program, killed, gone]).then((end) => this.#finish(end));
    // Whoever waits for the end has looked at them by then.
    void this.ended.then(() => setImmediate(drain, [this.stdout, this.stderr]));
  }

  terminate(): void {
    this.#parts.link.terminate();
  }

  kill(): void {
    if (this.#isKilled) return;
    this.#isKilled = true;
    this.#parts.machine.kill();
    this.#tellKilled({ kind: "killed" });
  }

  async #finish(end: End): Promise<SandboxEnd> {
    const { machine, link, cpuUsBefore } = this.#parts;
    machine.kill();
    await machine.exited;
    link.close();
    const { usage, remains } = await machine.remove();
    const told = end.kind === "program" ? end.end : null;
    return {
      reason: toReason(end, machine.said, usage.memoryKills),
      usage: {
        memoryPeakBytes: told?.memoryPeakBytes ?? null,
        cpuUs: usage.cpuUs === null || cpuUsBefore === null ? null : usage.cpuUs - cpuUsBefore,
        refusedProcesses: told?.refusedProcesses ?? null,
        memoryKills: told?.memoryKills ?? null,
      },
      remains,
    };
  }
}

function toReason(end: End, said: string, hostKills: number | null): string {
  if (end.kind === "killed") return toEndedBy("SIGKILL");
  if (end.kind === "broken") {
    if ((hostKills ?? 0) > 0) return "used more memory than its machine may";
    const why = said === "" ? "" : `; it said: ${said.slice(-200)}`;
    return `was ended with its machine (${end.reason}${why})`;
  }
  const { exitCode, memoryKills } = end.end;
  if (exitCode === null || exitCode === killedCode) {
    if ((memoryKills ?? 0) > 0) return "used more memory than it may";
    if (exitCode === null) return "could not be set up in its machine";
  }
  return toExitReason(exitCode);
}
