import { scratch, toBinds, type BwrapOption } from "../host/bwrap-options.ts";
import { scratchDirectory, type Plan } from "../host/plan.ts";

/** A file that is nowhere on the host: its text comes over a descriptor. */
export interface MadeUp {
  readonly path: string;
  readonly descriptor: number;
}

/** All that is decided of one sandbox before it starts. */
export interface Box extends Omit<Plan, "command" | "programs"> {
  readonly madeUp: readonly MadeUp[];
  /** Descriptors: the filter is read from one, and what becomes of the sandbox is written to the other. */
  readonly seccomp: number;
  readonly status: number;
}

/** Who the program is to itself; on the host, it is nobody of that number. */
export const insideId = 65_534;
/** Locks and queues between processes lie there; they are small. */
const sharedMemoryBytes = 8 * 1024 * 1024;

const isolation: readonly BwrapOption[] = [
  ["--unshare-all"],
  // The one above does without a user namespace where none can be made; this one does not.
  ["--unshare-user"],
  ["--disable-userns"],
  ["--uid", String(insideId)],
  ["--gid", String(insideId)],
  ["--hostname", "sandbox"],
  ["--new-session"],
  ["--die-with-parent"],
  ["--cap-drop", "ALL"],
  ["--clearenv"],
];

/**
 * What bwrap is told, in the order in which it does it: a later mount lies over an earlier one. The
 * root is a tmpfs of bwrap's own until it is made read-only at the end.
 */
export function toArguments(box: Box): readonly string[] {
  const options: readonly BwrapOption[] = [
    ...isolation,
    ...Object.entries(box.environment).map(([name, value]) => ["--setenv", name, value]),
    ["--proc", "/proc"],
    ["--dev", "/dev"],
    scratch(sharedMemoryBytes, "/dev/shm"),
    scratch(box.scratchBytes, scratchDirectory),
    ...toBinds(box),
    ...box.madeUp.map(({ path, descriptor }) => ["--ro-bind-data", String(descriptor), path]),
    ["--remount-ro", "/dev"],
    ["--remount-ro", "/"],
    ["--chdir", box.directory],
    ["--seccomp", String(box.seccomp)],
    ["--json-status-fd", String(box.status)],
  ];
  return options.flat();
}

/** As bwrap reads them from a descriptor, so that nobody sees them in the list of processes. */
export function toArgumentBytes(args: readonly string[]): Uint8Array {
  return Buffer.from(args.map((arg) => `${arg}\0`).join(""), "utf8");
}
