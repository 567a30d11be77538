import type { SandboxLimits } from "../../../model/sandbox.ts";
import { scratchDirectory, type Plan } from "../host/plan.ts";

/** All that is decided of one sandbox before it starts. */
export interface Box extends Omit<Plan, "programs"> {
  readonly limits: Pick<SandboxLimits, "openFiles" | "processes">;
  /** Of the host: an empty file that nobody may open. */
  readonly nothing: string;
}

/**
 * Who the program is to itself, without any power of that user. gVisor that is not root knows one user of
 * the host, and calls him 0: only that one can own what is written into a mount.
 */
export const insideId = 0;
/** Locks and queues between processes lie there; they are small. */
const sharedMemoryBytes = 8 * 1024 * 1024;
const coverBytes = 4_096;

interface OciMount {
  readonly destination: string;
  readonly type: string;
  readonly source: string;
  readonly options: readonly string[];
}

/** As runsc reads it: the configuration of a container of the Open Container Initiative. */
export function toContainer(box: Box): object {
  const { command, environment, directory, limits } = box;
  return {
    ociVersion: "1.0.2",
    hostname: "sandbox",
    root: { path: "root", readonly: true },
    process: {
      terminal: false,
      user: { uid: insideId, gid: insideId },
      args: command,
      env: Object.entries(environment).map(([name, value]) => `${name}=${value}`),
      cwd: directory,
      noNewPrivileges: true,
      capabilities: { bounding: [], effective: [], inheritable: [], permitted: [], ambient: [] },
      rlimits: [
        limit("RLIMIT_NOFILE", limits.openFiles),
        limit("RLIMIT_NPROC", limits.processes),
        limit("RLIMIT_CORE", 0),
      ],
    },
    mounts: toMounts(box),
    linux: { namespaces: ["pid", "network", "ipc", "uts", "mount"].map((type) => ({ type })) },
  };
}

const limit = (type: string, most: number) => ({ type, hard: most, soft: most });

/** A later one lies over an earlier one. */
export function toMounts(box: Box): readonly OciMount[] {
  return [
    { ...made("/proc", "proc"), options: ["ro", ...harmless, "noexec"] },
    { ...made("/dev", "tmpfs"), options: ["ro", "nosuid"] },
    // A device in what may only be read could not be written either.
    ...writtenDevices.map((device) => bind(device, device, true)),
    scratch("/dev/shm", sharedMemoryBytes),
    scratch(scratchDirectory, box.scratchBytes),
    // What gVisor adds of itself, and a program of ours needs none of.
    emptyFolder("/sys"),
    emptyFolder("/dev/net"),
    bind(box.nothing, "/dev/fuse", false),
    ...box.placed.flatMap((one) =>
      one.kind === "bind" ? [bind(one.source, one.path, false)] : [],
    ),
    ...box.mounts.map(({ path, isWritable }) => bind(path, path, isWritable)),
    ...box.pins.map((folder) => bind(folder, folder, true)),
    ...box.covers.map(({ kind, path }) =>
      kind === "directory" ? emptyFolder(path) : bind(box.nothing, path, false),
    ),
  ];
}

const harmless = ["nosuid", "nodev"];
const writtenDevices = ["/dev/null", "/dev/zero", "/dev/full"];

const made = (destination: string, type: string) => ({ destination, type, source: type });

const scratch = (destination: string, bytes: number): OciMount => ({
  ...made(destination, "tmpfs"),
  options: [...harmless, "mode=1777", `size=${bytes}`],
});

const emptyFolder = (destination: string): OciMount => ({
  ...made(destination, "tmpfs"),
  options: ["ro", ...harmless, "mode=0555", `size=${coverBytes}`],
});

const bind = (source: string, destination: string, isWritable: boolean): OciMount => ({
  destination,
  type: "bind",
  source,
  options: [isWritable ? "rw" : "ro", "rbind", ...harmless],
});
