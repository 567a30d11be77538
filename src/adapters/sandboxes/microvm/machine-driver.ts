import { mkdir } from "node:fs/promises";
import path from "node:path";
import { Fault } from "../../../model/index.ts";
import type { Clock } from "../../../ports/clock.ts";
import type { Random } from "../../../ports/random.ts";
import type { Sandbox, SandboxDriver, SandboxProbe, SandboxSpec } from "../../../ports/sandbox.ts";
import { fail } from "../host/fail.ts";
import type { Missing } from "../host/find-programs.ts";
import { findGroupPlaces, type GroupPlaces } from "../host/group-places.ts";
import { sweepGroups } from "../host/groups.ts";
import { sweepUsers } from "../host/sweep-users.ts";
import { createOwnUids, type UidRange, type Uids } from "../host/uids.ts";
import { planStart } from "./box.ts";
import type { Engine } from "./engine.ts";
import { sweepInstances } from "./instances.ts";
import { openMachines, type Machines } from "./machines.ts";
import { probeMachines } from "./probe.ts";
import { readHost, type Host } from "./read-host.ts";

export interface MachineOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Absolute paths of the host that no sandbox ever sees: our data, our keys. */
  readonly hidden: readonly string[];
  /** For a server that runs as root; null: machines run as the user that we are. */
  readonly uids: UidRange | null;
  /** Of the Node that runs us: a command that names it means the machine's. */
  readonly nodePath: string;
  /** Where what is needed of the host is looked for, as in PATH. */
  readonly path: string;
  /** The directory of the image that `sandbox setup` has made. */
  readonly image: string;
  /** Where templates are kept, and machines have what is theirs. */
  readonly directory: string;
  /** Of what is mended here without anybody's doing. */
  readonly note: (text: string) => void;
  /** Where groups for limits may be made, if not where this machine lets us. */
  readonly findGroups?: () => GroupPlaces;
}

/** What one kind of machines is run by. */
export interface MachineKind {
  readonly name: string;
  readonly findProgram: () => Promise<string | Missing>;
  readonly createEngine: (host: Host, clock: Clock) => Engine;
}

/** T3: a machine for each program, which goes on from a copy of one that has booted. */
export class MachineDriver implements SandboxDriver {
  readonly name: string;
  readonly tier = "T3";
  readonly #kind: MachineKind;
  readonly #options: MachineOptions;
  readonly #uids: Uids | null;
  #machines: Promise<Machines | Missing> | null = null;

  constructor(kind: MachineKind, options: MachineOptions) {
    this.name = kind.name;
    this.#kind = kind;
    this.#options = options;
    this.#uids = createOwnUids(options.uids, options.random);
  }

  async probe(): Promise<SandboxProbe> {
    try {
      // What was missing may have been installed since.
      this.#machines = null;
      const machines = await this.#open();
      if (machines.kind === "missing") return machines;
      return await probeMachines(machines, this.#options.clock, (spec) => this.start(spec));
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      return { kind: "missing", reason: `no machine can be made here: ${reason}`, fix: null };
    }
  }

  async start(spec: SandboxSpec): Promise<Sandbox> {
    try {
      const machines = await this.#open();
      if (machines.kind === "missing")
        throw fail(`No machine can be made here: ${machines.reason}.`);
      return await machines.start(spec, await planStart(spec, this.#options));
    } catch (error) {
      if (error instanceof Fault) throw error;
      const { message } = error as Error;
      throw fail(`The machine cannot be started (${message}).`, error);
    }
  }

  async sweep(): Promise<void> {
    const { clock, uids, findGroups = findGroupPlaces } = this.#options;
    if (process.platform !== "linux") return;
    if (uids !== null && this.#uids !== null) sweepUsers(uids, this.#uids.taken);
    const groups = await sweepGroups(findGroups(), clock);
    const remains = [...groups, ...(await sweepInstances(this.#running))];
    if (remains.length > 0)
      throw fail(`What is left of earlier machines stays: ${remains.join(", ")}`);
  }

  get #running(): string {
    return path.join(this.#options.directory, "running");
  }

  #open(): Promise<Machines | Missing> {
    this.#machines ??= this.#read();
    return this.#machines;
  }

  async #read(): Promise<Machines | Missing> {
    const { findGroups = findGroupPlaces, directory, clock } = this.#options;
    const { name, findProgram, createEngine } = this.#kind;
    const host = await readHost({ ...this.#options, driver: name, findGroups, findProgram });
    if (host.kind === "missing") return host;
    const templates = path.join(directory, name);
    for (const folder of [this.#running, templates])
      await mkdir(folder, { recursive: true, mode: 0o755 });
    return openMachines({
      ...this.#options,
      engine: createEngine(host, clock),
      host,
      uids: this.#uids,
      instances: this.#running,
      templates,
    });
  }
}
