import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import path from "node:path";

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
function findUnified(own: string): string | null {
  const candidates = [own, path.dirname(own)];
  for (const candidate of candidates) {
    try {
      writeFileSync(`${candidate}/cgroup.subtree_control`, "+memory +pids +cpu");
    } catch {
      // It may divide them already, or not at all: what a group made in it has is looked at.
    }
    if (canMakeIn(candidate, limitFiles.memory.v2)) return candidate;
  }
  return candidates.find((candidate) => canMakeIn(candidate, "cgroup.kill")) ?? null;
}

function canMakeIn(parent: string, file: string): boolean {
  const trial = `${parent}/${trialName}`;
  try {
    mkdirSync(trial);
    const has = existsSync(`${trial}/${file}`);
    rmdirSync(trial);
    return has;
  } catch {
    return false;
  }
}

interface OwnGroups {
  readonly byController: ReadonlyMap<string, string>;
  readonly unified: string | null;
}

/** /proc/self/cgroup says which group in each hierarchy, and mountinfo where that hierarchy is seen. */
export function toOwnGroups(groups: string, mountinfo: string): OwnGroups {
  const mounts = mountinfo.split("\n").flatMap(parseMount);
  const byController = new Map<string, string>();
  let unified: string | null = null;
  for (const line of groups.trimEnd().split("\n")) {
    const [, , names = "", group = ""] = /^(\d+):([^:]*):(.*)$/.exec(line) ?? [];
    const kind = names === "" ? "cgroup2" : "cgroup";
    const wanted = names.split(",");
    const mount = mounts.find(
      (one) => one.kind === kind && (names === "" || wanted.every((name) => one.options.has(name))),
    );
    if (mount === undefined) continue;
    const below = group.startsWith(mount.root) ? group.slice(mount.root.length) : group;
    const directory = path.join(mount.point, below);
    if (names === "") unified = directory;
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

/** Of a group that is there for a moment only. */
const trialName = `countersign-trial-${process.pid}`;
