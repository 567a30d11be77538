import type { Placed } from "../host/placed.ts";
import type { GroupPlaces } from "../host/group-places.ts";
import { readHostRoot } from "../host/host-root.ts";
import { closeInherited } from "../host/inherited.ts";
import { readOwner, type Owner } from "../host/owner.ts";
import { findPrograms, type Missing } from "../host/find-programs.ts";
import { packages, type Programs } from "./programs.ts";
import { toSeccompProgram } from "../host/seccomp.ts";
import { x64 } from "../host/syscalls.ts";
import type { UidRange } from "../host/uids.ts";

/** What this machine has to make sandboxes with. */
export interface Host {
  readonly kind: "host";
  readonly programs: Programs;
  readonly system: readonly Placed[];
  readonly groups: GroupPlaces;
  readonly filter: Uint8Array;
  readonly owner: Owner;
}

export interface HostOptions {
  readonly path: string;
  readonly uids: UidRange | null;
  readonly findGroups: () => GroupPlaces;
}

export async function readHost({ path, uids, findGroups }: HostOptions): Promise<Host | Missing> {
  if (process.platform !== "linux")
    return missing(`there are no namespaces on ${process.platform}`, null);
  if (process.arch !== "x64")
    return missing(`system calls cannot be filtered on ${process.arch} yet`, null);
  if (process.getuid?.() === 0 && uids === null)
    return missing("it runs as root, and has no users to run sandboxes as", null);
  const programs = await findPrograms(path, packages);
  if ("kind" in programs) return programs;
  // They would be handed on to every program from here on.
  closeInherited();
  return {
    kind: "host",
    programs,
    system: await readHostRoot(),
    groups: findGroups(),
    filter: toSeccompProgram(x64),
    owner: readOwner(),
  };
}

const missing = (reason: string, fix: string | null): Missing => ({ kind: "missing", reason, fix });
