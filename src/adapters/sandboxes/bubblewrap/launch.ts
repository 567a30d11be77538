import { spawn, type ChildProcess } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { insideId, toArgumentBytes, toArguments, type Box } from "./arguments.ts";
import { toBecoming } from "../host/choose-user.ts";
import { requireMade } from "../host/exit.ts";
import { fail } from "../host/fail.ts";
import { toMadeUpFiles } from "../host/host-root.ts";
import { toJoining } from "../host/join-groups.ts";
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
const ownFiles = toMadeUpFiles(insideId);
/** As many as bwrap takes, and some room. */
const mostArguments = 8_000;

export function launch(spec: Launch): ChildProcess {
  const { programs, groups, uid, box, streams, hasChannel } = spec;
  const files = Object.entries({ ...ownFiles, ...box.authorities });
  const channel = places.madeUp + files.length;
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
  // A shell, and the channel, leave something in the environment, and the program could read it.
  const cleared = toBecoming(programs, uid);
  const bwrap = [programs.bwrap, "--args", String(places.arguments), "--"];
  const [first = "", ...joining] = toJoining(programs.sh, groups);
  const command = [...joining, ...cleared, ...bwrap, ...spec.command];
  // Three streams, then what bwrap reads and writes, then the channel.
  const stdio = [
    ...streams,
    ...Array<"pipe">(channel - streams.length).fill("pipe"),
    ...(hasChannel ? (["ipc"] as const) : []),
  ];
  const child = requireMade(spawn(first, command, { cwd: "/", env: {}, stdio }));
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
