import { spawn, type ChildProcess } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { toArgumentBytes, toArguments, type Box } from "./arguments.ts";
import { fail } from "./fail.ts";
import { madeUpFiles } from "./host-root.ts";
import type { Programs } from "./programs.ts";

export interface Launch {
  readonly programs: Programs;
  readonly filter: Uint8Array;
  /** The groups to join before anything else. */
  readonly groups: readonly string[];
  /** Whom to become; null: who we are. */
  readonly uid: number | null;
  readonly box: Omit<Box, "madeUp" | "seccomp" | "status">;
  /** What runs in the sandbox, by its paths there. */
  readonly command: readonly string[];
  /** Its ends of its three streams. */
  readonly streams: readonly number[];
  /** Whether the first program gets a channel to us. */
  readonly hasChannel: boolean;
}

/** Descriptors after the three streams; each is closed by bwrap before the program starts. */
const places = { arguments: 3, seccomp: 4, status: 5, madeUp: 6 } as const;
const files = Object.entries(madeUpFiles);
const channel = places.madeUp + files.length;
/** As many as bwrap takes, and some room. */
const mostArguments = 8_000;

/**
 * Joins all groups or ends: nothing runs in a sandbox without its limits. The environment is emptied
 * again because a shell, and the channel, leave something in it, and the program could read it.
 */
const join = `n=$1; shift
while [ "$n" -gt 0 ]; do echo 0 > "$1/cgroup.procs" || exit 125; shift; n=$((n-1)); done
exec "$@"`;

export function launch(spec: Launch): ChildProcess {
  const { programs, groups, uid, box, streams, hasChannel } = spec;
  const args = toArguments({
    ...box,
    environment: hasChannel
      ? { ...box.environment, NODE_CHANNEL_FD: String(channel) }
      : box.environment,
    madeUp: files.map(([path], index) => ({ path, descriptor: places.madeUp + index })),
    seccomp: places.seccomp,
    status: places.status,
  });
  if ([...args, ...spec.command].some((arg) => arg.includes("\0")))
    throw fail("A path or a variable of a sandbox holds a zero byte.");
  if (args.length > mostArguments) throw fail("A sandbox has too many variables and mounts.");
  const become =
    uid === null
      ? []
      : [programs.setpriv, `--reuid=${uid}`, `--regid=${uid}`, "--clear-groups", "--no-new-privs"];
  const cleared = [programs.env, "-i", ...become];
  const bwrap = [programs.bwrap, "--args", String(places.arguments), "--"];
  const child = spawn(
    programs.sh,
    ["-c", join, "sh", String(groups.length), ...groups, ...cleared, ...bwrap, ...spec.command],
    {
      cwd: "/",
      env: {},
      // Three streams, then what bwrap reads and writes, then the channel.
      stdio: [
        ...streams,
        ...Array<"pipe">(channel - streams.length).fill("pipe"),
        ...(hasChannel ? (["ipc"] as const) : []),
      ],
    },
  );
  send(child, places.arguments, toArgumentBytes(args));
  send(child, places.seccomp, spec.filter);
  files.forEach(([, text], index) => send(child, places.madeUp + index, Buffer.from(text)));
  return child;
}

function send(child: ChildProcess, place: number, bytes: Uint8Array): void {
  const pipe = child.stdio[place] as Writable;
  // Whoever does not read it ends, which is told by its end.
  pipe.on("error", () => undefined);
  pipe.end(bytes);
}

/** Where bwrap writes what becomes of the sandbox. */
export function statusOf({ stdio }: ChildProcess): Readable {
  return (stdio as readonly unknown[])[places.status] as Readable;
}
