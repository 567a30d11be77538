import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { release } from "node:os";
import { promisify } from "node:util";
import { findPrograms, type Missing } from "../host/find-programs.ts";
import type { GroupPlaces } from "../host/group-places.ts";
import { readHostRoot } from "../host/host-root.ts";
import { closeInherited } from "../host/inherited.ts";
import { readOwner, type Owner } from "../host/owner.ts";
import type { Placed } from "../host/placed.ts";
import type { UidRange } from "../host/uids.ts";
import { readImage, type MachineImage } from "../host/image.ts";

const packages = {
  bwrap: "bubblewrap",
  env: "coreutils",
  mke2fs: "e2fsprogs",
  setpriv: "util-linux",
  sh: "dash",
} as const;
export type Programs = Readonly<Record<keyof typeof packages, string>>;

/** What this machine has to make machines with. */
export interface Host {
  readonly kind: "host";
  readonly programs: Programs;
  readonly system: readonly Placed[];
  readonly groups: GroupPlaces;
  readonly owner: Owner;
  readonly image: MachineImage;
  /** What runs machines. */
  readonly program: string;
  /** As it says itself: a snapshot is good for no other. */
  readonly version: string;
  /** What KVM has snapshot goes on where this is the same, and nowhere else. */
  readonly processor: string;
}

export interface HostOptions {
  /** As `sandbox setup` calls it. */
  readonly driver: string;
  readonly path: string;
  readonly uids: UidRange | null;
  readonly image: string;
  readonly findGroups: () => GroupPlaces;
  /** Finds what runs machines. */
  readonly findProgram: () => Promise<string | Missing>;
}

const versionMs = 20_000;

export async function readHost(options: HostOptions): Promise<Host | Missing> {
  const { path, uids, image, findGroups, findProgram, driver } = options;
  if (process.platform !== "linux" || process.arch !== "x64")
    return missing(`there are no machines for ${process.platform} on ${process.arch} yet`);
  if (process.getuid?.() === 0 && uids === null)
    return missing("it runs as root, and has no users to run machines as");
  const program = await findProgram();
  if (typeof program !== "string") return program;
  const programs = await findPrograms(path, packages);
  if ("kind" in programs) return programs;
  const groups = findGroups();
  // A machine does not end because whoever started it does.
  if (groups.unified === null && groups.pids === null)
    return missing("no group can be made that would end a machine together with its server");
  const found = await readImage(image, driver);
  if (found.kind === "missing") return found;
  closeInherited();
  return {
    kind: "host",
    programs,
    program,
    system: await readHostRoot(),
    groups,
    owner: readOwner(),
    image: found,
    version: await readVersion(program),
    processor: `${release()} ${toProcessor(await readFile("/proc/cpuinfo", "utf8"))}`,
  };
}

/** The first of a machine, by what programs can tell of it: not how fast it is just now. */
export const toProcessor = (told: string): string =>
  (told.split("\n\n")[0] ?? "")
    .split("\n")
    .filter((line) => /^(?:vendor_id|cpu family|model|model name|stepping|flags)\s*:/.test(line))
    .join("\n");

const missing = (reason: string): Missing => ({ kind: "missing", reason, fix: null });

async function readVersion(program: string): Promise<string> {
  const { stdout } = await promisify(execFile)(program, ["--version"], {
    env: {},
    timeout: versionMs,
  });
  return stdout.split("\n")[0] ?? "";
}
