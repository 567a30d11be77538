import { findPrograms, type Missing } from "../host/find-programs.ts";
import type { GroupPlaces } from "../host/group-places.ts";
import { readHostRoot } from "../host/host-root.ts";
import { closeInherited } from "../host/inherited.ts";
import { readOwner, type Owner } from "../host/owner.ts";
import type { Placed } from "../host/placed.ts";
import type { UidRange } from "../host/uids.ts";
import { findRunsc } from "./find-runsc.ts";
import { packages, type Programs } from "./programs.ts";

/** What this machine has to make sandboxes with. */
export interface Host {
  readonly kind: "host";
  readonly runsc: string;
  readonly programs: Programs;
  readonly system: readonly Placed[];
  readonly groups: GroupPlaces;
  readonly owner: Owner;
}

export interface HostOptions {
  readonly runsc: readonly string[];
  readonly path: string;
  readonly uids: UidRange | null;
  readonly findGroups: () => GroupPlaces;
}

export async function readHost(options: HostOptions): Promise<Host | Missing> {
  const { path, uids, findGroups } = options;
  if (process.platform !== "linux") return missing(`there is no gVisor for ${process.platform}`);
  if (process.getuid?.() === 0 && uids === null)
    return missing("it runs as root, and has no users to run sandboxes as");
  const programs = await findPrograms(path, packages);
  if ("kind" in programs) return programs;
  const runsc = await findRunsc(options.runsc, path);
  if (typeof runsc !== "string") return runsc;
  // They would be handed on to every program from here on.
  closeInherited();
  return {
    kind: "host",
    runsc,
    programs,
    system: await readHostRoot(),
    groups: findGroups(),
    owner: readOwner(),
  };
}

const missing = (reason: string): Missing => ({ kind: "missing", reason, fix: null });
