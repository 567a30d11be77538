import { readdirSync, readFileSync } from "node:fs";
import { isGone, parseGroupName, readBegan, readNamespace } from "../host/owner.ts";

const ownNamespace = process.platform === "linux" ? readNamespace("self") : null;

/** The processes of one instance that no group holds. */
export class InstanceProcesses {
  /** With the slash after it: what all that runsc starts have in their command. */
  readonly #mark: string;
  readonly #known = new Map<number, string>();
  readonly #namespaces = new Set<string>();

  constructor(folder: string) {
    this.#mark = `${folder}/`;
  }

  /**
   * Ends those that name the folder, those in the namespaces of such, since the ones that gVisor runs the
   * program in have no name, and those that were found before, which lose theirs while they end. Gives who
   * was still there.
   */
  kill(): readonly number[] {
    for (const pid of findByCommand((command) => command.includes(this.#mark))) {
      this.note(pid);
      const namespace = readNamespace(pid);
      if (namespace !== null && namespace !== ownNamespace) this.#namespaces.add(namespace);
    }
    if (this.#namespaces.size > 0) {
      listPids()
        .filter((pid) => this.#namespaces.has(readNamespace(pid) ?? ""))
        .forEach(this.note);
    }
    return this.killNoted();
  }

  /** Gives who of them was still there. */
  killNoted(): readonly number[] {
    const left = [...this.#known].filter(([pid, beganAt]) => readBegan(pid) === beganAt);
    const pids = left.map(([pid]) => pid);
    pids.forEach(kill);
    return pids;
  }

  readonly note = (pid: number): void => {
    const beganAt = readBegan(pid);
    if (beganAt !== null) this.#known.set(pid, beganAt);
  };
}

/** Ends what runs for servers that are no more. */
export function sweepInstances(): void {
  findByCommand((command) => {
    const name = /\/(countersign-[0-9a-f-]+)\/state\b/.exec(command)?.[1];
    const owner = name === undefined ? null : parseGroupName(name);
    return command.includes("runsc") && owner !== null && isGone(owner);
  }).forEach(kill);
}

const findByCommand = (isMeant: (command: string) => boolean): readonly number[] =>
  // A dead one has no command any more.
  listPids().filter((pid) => isMeant(readCommand(pid)));

const listPids = (): readonly number[] =>
  readdirSync("/proc").flatMap((name) => (/^\d+$/.test(name) ? [Number(name)] : []));

function readCommand(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
  } catch {
    return "";
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It ended meanwhile, or is another user's.
  }
}
