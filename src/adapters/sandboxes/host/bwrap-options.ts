import type { Mount } from "../../../ports/sandbox.ts";
import type { Cover, Placed } from "./placed.ts";
import type { Plan } from "./plan.ts";

/** One of bwrap's, then what it takes. */
export type BwrapOption = readonly string[];

/** What of the host is seen, in the order in which one lies over the other. */
export const toBinds = ({
  placed,
  mounts,
  pins,
  covers,
}: Pick<Plan, "placed" | "mounts" | "pins" | "covers">): readonly BwrapOption[] => [
  ...placed.map(place),
  ...mounts.map(mount),
  ...pins.map((folder) => ["--bind", folder, folder]),
  ...covers.map(cover),
];

export const scratch = (bytes: number, path: string): BwrapOption => [
  "--size",
  String(bytes),
  "--perms",
  "1777",
  "--tmpfs",
  path,
];

const place = (one: Placed): BwrapOption =>
  one.kind === "bind" ? ["--ro-bind", one.source, one.path] : ["--symlink", one.target, one.path];

const mount = ({ path, isWritable }: Mount): BwrapOption => [
  isWritable ? "--bind" : "--ro-bind",
  path,
  path,
];

/** An empty folder, or a device that nobody can open: devices do not work on what is bound. */
const cover = ({ kind, path }: Cover): BwrapOption =>
  kind === "file"
    ? ["--ro-bind", "/dev/null", path]
    : ["--size", "4096", "--perms", "0555", "--tmpfs", path, "--remount-ro", path];
