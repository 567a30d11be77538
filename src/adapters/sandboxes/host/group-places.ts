import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { readOwner, toGroupName } from "./owner.ts";

export const controllers = ["memory", "pids", "cpu"] as const;
export type Controller = (typeof controllers)[number];

export interface Place {
  readonly version: "cgroup v1" | "cgroup v2";
  /** The group that those of sandboxes are made in. */
  readonly parent: string;
}

/** Where this process may make groups. Null: nowhere. */
export interface GroupPlaces extends Readonly<Record<Controller, Place | null>> {
  /** Of version 2, even where it limits nothing: it ends a group at once, and counts its time. */
  readonly unified: string | null;
}

/** No limit is held by a group. */
export const noGroupPlaces: GroupPlaces = { unified: null, memory: null, pids: null, cpu: null };

/** By making a group in each place, and taking it away again. */
export function findGroupPlaces(): GroupPlaces {
  const own = toOwnGroups(readText("/proc/self/cgroup"), readText("/proc/self/mountinfo"));
  const unified = own.unified === null ? null : findUnified(own.unified);
  const at = (controller: Controller): Place | null => {
    const first = own.byController.get(controller);
    if (first !== undefined && canMakeIn(first, limitFiles[controller].v1))
      return { version: "cgroup v1", parent: first };
    if (unified !== null && canMakeIn(unified, limitFiles[controller].v2))
      return { version: "cgroup v2", parent: unified };
    return null;
  };
  return { unified, memory: at("memory"), pids: at("pids"), cpu: at("cpu") };
}

/** What a group has to have for its limit to hold. */
export const limitFiles = {
  memory: { v1: "memory.limit_in_bytes", v2: "memory.max" },
  pids: { v1: "pids.max", v2: "pids.max" },
  cpu: { v1: "cpu.cfs_quota_us", v2: "cpu.max" },
} as const;

/** A group with processes of its own cannot divide its controllers; then its parent, which does, can. */
function findUnified({ directory, top }: UnifiedGroup): string | null {
  const candidates = directory === top ? [directory] : [directory, path.dirname(directory)];
  for (const candidate of candidates) {
    try {
      // Only what is there already is written: anywhere else, this would make a file.
      const wanted = "+memory +pids +cpu";
      writeFileSync(`${candidate}/cgroup.subtree_control`, wanted, { flag: "r+" });
    } catch {
      // It may divide them already, or not at all: what a group made in it has is looked at.
    }
    if (canMakeIn(candidate, limitFiles.memory.v2)) return candidate;
  }
  return candidates.find((candidate) => canMakeIn(candidate, "cgroup.kill")) ?? null;
}

/** The group of the trial has a name as others have, so that one that was cut off is swept. */
function canMakeIn(parent: string, file: string): boolean {
  const trial = `${parent}/${toGroupName(readOwner(), "0")}`;
  try {
    mkdirSync(trial, { recursive: true });
    const has = existsSync(`${trial}/${file}`);
    rmdirSync(trial);
    return has;
  } catch {
    return false;
  }
}

interface OwnGroups {
  readonly byController: ReadonlyMap<string, string>;
  readonly unified: UnifiedGroup | null;
}

interface UnifiedGroup {
  readonly directory: string;
  /** Where the hierarchy is mounted: above it are no groups. */
  readonly top: string;
}

/** /proc/self/cgroup says which group in each hierarchy, and mountinfo where that hierarchy is seen. */
export function toOwnGroups(groups: string, mountinfo: string): OwnGroups {
  const mounts = mountinfo.split("\n").flatMap(parseMount);
  const byController = new Map<string, string>();
  let unified: UnifiedGroup | null = null;
  for (const line of groups.trimEnd().split("\n")) {
    const [, , names = "", group = ""] = /^(\d+):([^:]*):(.*)$/.exec(line) ?? [];
    const kind = names === "" ? "cgroup2" : "cgroup";
    const wanted = names.split(",");
    const mount = mounts.find(
      (one) => one.kind === kind && (names === "" || wanted.every((name) => one.options.has(name))),
    );
    if (mount === undefined) continue;
    const below = group.startsWith(mount.root) ? group.slice(mount.root.length) : group;
    const directory = path.join(mount.point, below).replace(/\/$/, "");
    if (names === "") unified = { directory, top: mount.point };
    else for (const name of wanted) byController.set(name, directory);
  }
  return { byController, unified };
}

interface GroupMount {
  readonly root: string;
  readonly point: string;
  readonly kind: string;
  readonly options: ReadonlySet<string>;
}

function parseMount(line: string): readonly GroupMount[] {
  const [before = "", after = ""] = line.split(" - ");
  const [, , , root = "", point = ""] = before.split(" ");
  const [kind = "", , options = ""] = after.split(" ");
  return kind.startsWith("cgroup")
    ? [{ root, point, kind, options: new Set(options.split(",")) }]
    : [];
}

function readText(file: string): string {
  return existsSync(file) ? readFileSync(file, "utf8") : "";
}
