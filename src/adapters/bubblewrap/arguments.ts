import type { Mount } from "../../ports/sandbox.ts";

/** Something of the host that is seen in the sandbox, read-only. */
export type Placed =
  | { readonly kind: "bind"; readonly source: string; readonly path: string }
  | { readonly kind: "link"; readonly target: string; readonly path: string };

/** What lies within a mount and is not to be seen there. */
export interface Cover {
  readonly kind: "directory" | "file";
  readonly path: string;
}

/** A file that is nowhere on the host: its text comes over a descriptor. */
export interface MadeUp {
  readonly path: string;
  readonly descriptor: number;
}

/** All that is decided of one sandbox before it starts. */
export interface Box {
  readonly placed: readonly Placed[];
  readonly mounts: readonly Mount[];
  /** Folders that are to stay where they are in what may be written. */
  readonly pins: readonly string[];
  readonly covers: readonly Cover[];
  readonly madeUp: readonly MadeUp[];
  readonly environment: Readonly<Record<string, string>>;
  readonly directory: string;
  readonly scratchBytes: number;
  /** Descriptors: the filter is read from one, and what becomes of the sandbox is written to the other. */
  readonly seccomp: number;
  readonly status: number;
}

/** Who the program is to itself; on the host, it is nobody of that number. */
const insideId = "65534";
export const scratchDirectory = "/tmp";
/** Locks and queues between processes lie there; they are small. */
const sharedMemoryBytes = 8 * 1024 * 1024;

/** The option, then what it takes. */
type Option = readonly string[];

const isolation: readonly Option[] = [
  ["--unshare-all"],
  // The one above does without a user namespace where none can be made; this one does not.
  ["--unshare-user"],
  ["--disable-userns"],
  ["--uid", insideId],
  ["--gid", insideId],
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
  const options: readonly Option[] = [
    ...isolation,
    ...Object.entries(box.environment).map(([name, value]) => ["--setenv", name, value]),
    ["--proc", "/proc"],
    ["--dev", "/dev"],
    scratch(sharedMemoryBytes, "/dev/shm"),
    scratch(box.scratchBytes, scratchDirectory),
    ...box.placed.map(place),
    ...[...box.mounts].sort(byPath).map(mount),
    ...box.pins.map((folder) => ["--bind", folder, folder]),
    ...box.covers.map(cover),
    ...box.madeUp.map(({ path, descriptor }) => ["--ro-bind-data", String(descriptor), path]),
    ["--remount-ro", "/dev"],
    ["--remount-ro", "/"],
    ["--chdir", box.directory],
    ["--seccomp", String(box.seccomp)],
    ["--json-status-fd", String(box.status)],
  ];
  return options.flat();
}

const scratch = (bytes: number, path: string): Option => [
  "--size",
  String(bytes),
  "--perms",
  "1777",
  "--tmpfs",
  path,
];

/** A folder comes before what lies in it. */
const byPath = (a: Mount, b: Mount): number => (a.path < b.path ? -1 : 1);

const place = (one: Placed): Option =>
  one.kind === "bind" ? ["--ro-bind", one.source, one.path] : ["--symlink", one.target, one.path];

const mount = ({ path, isWritable }: Mount): Option => [
  isWritable ? "--bind" : "--ro-bind",
  path,
  path,
];

/** An empty folder, or a device that nobody can open: devices do not work on what is bound. */
const cover = ({ kind, path }: Cover): Option =>
  kind === "file"
    ? ["--ro-bind", "/dev/null", path]
    : ["--size", "4096", "--perms", "0555", "--tmpfs", path, "--remount-ro", path];

/** As bwrap reads them from a descriptor, so that nobody sees them in the list of processes. */
export function toArgumentBytes(args: readonly string[]): Uint8Array {
  return Buffer.from(args.map((arg) => `${arg}\0`).join(""), "utf8");
}
