import { spawn, type ChildProcess } from "node:child_process";
import { statSync } from "node:fs";
import { toBecoming } from "../host/choose-user.ts";
import { requireMade } from "../host/exit.ts";
import { toJoining } from "../host/join-groups.ts";
import type { Placed } from "../host/placed.ts";
import type { Programs } from "./read-host.ts";

export interface Launch {
  readonly programs: Programs;
  readonly system: readonly Placed[];
  /** The groups to join before anything else. */
  readonly groups: readonly string[];
  /** Whom to become; null: who we are. */
  readonly become: number | null;
  /** What it sees besides the system's programs, in the order in which it is put there. */
  readonly seen: readonly Seen[];
  readonly command: readonly string[];
  readonly stdio: readonly ("ignore" | "pipe" | number)[];
}

export type Seen =
  | { readonly kind: "read" | "write" | "device"; readonly source: string; readonly path: string }
  | { readonly kind: "empty"; readonly path: string };

const options = { read: "--ro-bind", write: "--bind", device: "--dev-bind" } as const;

const isolation = [
  ["--unshare-all", "--unshare-user", "--disable-userns"],
  ["--uid", "65534", "--gid", "65534", "--hostname", "machine"],
  ["--new-session", "--die-with-parent", "--cap-drop", "ALL", "--clearenv"],
  ["--setenv", "PATH", "/usr/bin:/usr/sbin", "--setenv", "LC_ALL", "C"],
  ["--proc", "/proc", "--dev", "/dev", "--size", "1048576", "--tmpfs", "/tmp"],
].flat();

/**
 * Starts what a machine is made of, which is a program that foreign code may have turned by then: as a user
 * of its own, without network, and with nothing of the host but the system's programs and what is said.
 */
export function launch(spec: Launch): ChildProcess {
  const { programs, groups, become, system, seen, command, stdio } = spec;
  const places = system.flatMap((one) =>
    one.kind === "bind" ? ["--ro-bind", one.source, one.path] : ["--symlink", one.target, one.path],
  );
  const box = [
    programs.bwrap,
    ...isolation,
    ...places,
    ...seen.flatMap((one) =>
      one.kind === "empty" ? ["--tmpfs", one.path] : [options[one.kind], one.source, one.path],
    ),
    "--remount-ro",
    "/",
    "--chdir",
    "/",
    "--",
  ];
  const [sh = "", ...args] = [
    ...toJoining(programs.sh, groups),
    ...toBecoming({ ...programs, group: findDeviceGroup(seen) }, become),
    ...box,
    ...command,
  ];
  return requireMade(spawn(sh, args, { cwd: "/", env: {}, stdio: [...stdio] }));
}

/** Systems let a group of its own use KVM, and nobody else. That of root would be far more. */
function findDeviceGroup(seen: readonly Seen[]): number | null {
  for (const one of seen) {
    const gid = one.kind === "device" ? statSync(one.source).gid : 0;
    if (gid !== 0) return gid;
  }
  return null;
}
