import { spawn, type ChildProcess } from "node:child_process";
import type { Socket } from "node:net";
import { toBecoming } from "../host/choose-user.ts";
import { scratch, toBinds, type BwrapOption } from "../host/bwrap-options.ts";
import { requireMade } from "../host/exit.ts";
import { toJoining } from "../host/join-groups.ts";
import type { Cover, Placed } from "../host/placed.ts";
import type { Box } from "./bundle.ts";
import type { Instance } from "./lay-out.ts";
import type { Programs } from "./programs.ts";

export interface Launch {
  readonly programs: Programs;
  readonly runsc: string;
  /** The groups to join before anything else. */
  readonly groups: readonly string[];
  /** Whom to become; null: who we are. */
  readonly uid: number | null;
  readonly instance: Instance;
  readonly box: Pick<Box, "placed" | "mounts" | "pins" | "covers">;
}

/** Of the one sandbox that an instance holds. */
const id = "sandbox";
/** Descriptors of our own part's channel, on the host and in the sandbox. */
const channel = 3;

/**
 * gVisor gets no more of the host than the program is given, and what may only be read is mounted so: of
 * a file that its user may write it would take the text away before it looks at the mount. Here it is root
 * of namespaces of its own, and when the first process there has ended, so has everything else.
 */
function toBox({ programs, runsc, instance, box }: Launch): readonly string[] {
  const { folder, state, nothing } = instance;
  // gVisor mounts over it, which it cannot do with a device.
  const [files, folders] = [ofKind(box.covers, "file"), ofKind(box.covers, "directory")];
  const options: readonly BwrapOption[] = [
    ["--unshare-all", "--unshare-user", "--as-pid-1", "--die-with-parent", "--clearenv"],
    ["--uid", "0", "--gid", "0", "--cap-add", "ALL"],
    ["--proc", "/proc"],
    ["--dev", "/dev"],
    scratch(ownBytes, "/tmp"),
    ...toBinds({ ...box, placed: box.placed.flatMap(atSource), covers: folders }),
    ...files.map(({ path }) => ["--ro-bind", nothing, path]),
    ["--ro-bind", runsc, runsc],
    ["--ro-bind", folder, folder],
    ["--bind", state, state],
    ["--remount-ro", "/"],
  ];
  return [programs.bwrap, ...options.flat(), "--"];
}
/** Where the host has it: its place in the sandbox is gVisor's to give. */
const atSource = (one: Placed): readonly Placed[] =>
  one.kind === "bind" ? [{ ...one, path: one.source }] : [];

const ofKind = (covers: readonly Cover[], kind: Cover["kind"]) =>
  covers.filter((cover) => cover.kind === kind);

/** For what gVisor sets up for itself. */
const ownBytes = 1024 * 1024;

/** Runs it attached: whoever ends this process ends all of it. */
export function launch(
  spec: Launch,
  streams: readonly number[],
  hasChannel: boolean,
): ChildProcess {
  const { instance } = spec;
  const pass = hasChannel ? ["--pass-fd", `${channel}:${channel}`] : [];
  const command = ["run", "--bundle", instance.folder, ...pass, id];
  const [first = "", ...rest] = [...toJoined(spec), ...toBox(spec), ...toRunsc(spec, command)];
  const stdio = [...streams, ...(hasChannel ? (["pipe"] as const) : [])];
  return requireMade(spawn(first, rest, { cwd: "/", env: {}, stdio }));
}

export const channelOf = ({ stdio }: ChildProcess): Socket =>
  (stdio as readonly unknown[])[channel] as Socket;

/** Whoever enters has no powers to become another user in there. */
const entering = ["--user", "--pid", "--mount", "--preserve-credentials"];

/** Asks the program to end. It takes the first process in the namespaces, as the host knows it. */
export function askToEnd(spec: Launch, firstPid: number): ChildProcess {
  const enter = [spec.programs.nsenter, `--target=${firstPid}`, ...entering, "--"];
  const [first = "", ...rest] = [
    ...toJoined(spec),
    ...enter,
    ...toRunsc(spec, ["kill", id, "TERM"]),
  ];
  return spawn(first, rest, { cwd: "/", env: {}, stdio: "ignore" });
}

/** In its groups, as its user; it ends with this server, whatever ends it. */
const toJoined = ({ programs, groups, uid }: Launch): readonly string[] => [
  ...toJoining(programs.sh, groups),
  ...toBecoming(programs, uid, ["--pdeathsig=KILL"]),
];

const toRunsc = ({ runsc, instance }: Launch, command: readonly string[]): readonly string[] => [
  runsc,
  `--root=${instance.state}`,
  `--log=${instance.failures}`,
  "--rootless",
  "--ignore-cgroups",
  "--platform=systrap",
  "--network=none",
  "--host-uds=none",
  "--host-fifo=none",
  "--overlay2=none",
  ...command,
];
