import { execFile } from "node:child_process";
import { closeSync, constants, openSync, readdirSync } from "node:fs";
import { lstat, mkdir, rm } from "node:fs/promises";
import { Socket } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { isGone, parseGroupName } from "./owner.ts";

/**
 * The three streams of a program, as pipes. What Node makes by itself are sockets, and those belong to
 * the network of whoever made them: a program could ask them for the host's interfaces, and take names
 * there.
 */
export interface Streams {
  readonly stdin: Socket;
  readonly stdout: Socket;
  readonly stderr: Socket;
  /** The program's ends, in the order of their descriptors. */
  readonly given: readonly number[];
  /** Once the program has its ends, or never will: ours see its end only when nobody holds the others. */
  release(): void;
  /** Of a program that was not started. */
  destroy(): void;
}

const run = promisify(execFile);
/** A system that makes three pipes more slowly does not answer. */
const mostMs = 10_000;

/** The name says whose they are, for the moment until they are open and their names are gone. */
export async function openStreams(mkfifo: string, name: string): Promise<Streams> {
  const folder = path.join(tmpdir(), name);
  await mkdir(folder, { mode: 0o700 });
  const files = ["in", "out", "err"].map((file) => path.join(folder, file));
  const opened: number[] = [];
  try {
    await run(mkfifo, ["-m", "600", "--", ...files], { env: {}, timeout: mostMs });
    const pairs = files.map((file, index) => openBoth(file, index === 0, opened));
    return toStreams(pairs);
  } catch (error) {
    for (const descriptor of opened) closeSync(descriptor);
    throw error;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function toStreams(pairs: readonly Pair[]): Streams {
  const sockets = pairs.map(
    ({ ours }, index) => new Socket({ fd: ours, readable: index > 0, writable: index === 0 }),
  );
  const [stdin, stdout, stderr] = sockets as [Socket, Socket, Socket];
  const given = pairs.map(({ theirs }) => theirs);
  const held = [...given];
  const release = (): void => {
    for (const descriptor of held.splice(0)) closeSync(descriptor);
  };
  const destroy = (): void => {
    release();
    for (const socket of sockets) socket.destroy();
  };
  return { stdin, stdout, stderr, given, release, destroy };
}

/** The two ends of a pipe, by their descriptors. */
interface Pair {
  readonly theirs: number;
  readonly ours: number;
}

/** One end of a pipe waits for the other to be opened, unless somebody has both. */
function openBoth(file: string, isInput: boolean, opened: number[]): Pair {
  const open = (flags: number): number => {
    const descriptor = openSync(file, flags);
    opened.push(descriptor);
    return descriptor;
  };
  const { O_RDWR, O_RDONLY, O_WRONLY, O_NONBLOCK } = constants;
  const both = openSync(file, O_RDWR | O_NONBLOCK);
  try {
    const theirs = open(isInput ? O_RDONLY : O_WRONLY);
    const ours = open((isInput ? O_WRONLY : O_RDONLY) | O_NONBLOCK);
    return { theirs, ours };
  } finally {
    closeSync(both);
  }
}

/** Of a server that was killed in that moment. */
export async function sweepStreams(): Promise<void> {
  for (const name of readdirSync(tmpdir())) {
    const owner = parseGroupName(name);
    const folder = path.join(tmpdir(), name);
    if (owner !== null && isGone(owner) && (await isOurs(folder)))
      await rm(folder, { recursive: true, force: true });
  }
}

/** Everybody may make folders there, and could put a link into one of theirs while it is taken away. */
async function isOurs(folder: string): Promise<boolean> {
  const stats = await lstat(folder).catch(() => null);
  return stats !== null && stats.uid === process.getuid?.();
}
