import { spawn, type ChildProcess } from "node:child_process";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { toBecoming } from "../host/choose-user.ts";
import { requireMade } from "../host/exit.ts";
import { toJoining } from "../host/join-groups.ts";

/** What of the system the interpreter's process is started with, by the Debian package that it comes in. */
export const packages = {
  sh: "dash",
  env: "coreutils",
  mkfifo: "coreutils",
  prlimit: "util-linux",
  setpriv: "util-linux",
  unshare: "util-linux",
} as const;
export type Programs = Readonly<Record<keyof typeof packages, string>>;

export interface Launch {
  readonly programs: Programs;
  readonly nodePath: string;
  /** What stands before a program so that it has no network; empty: nothing takes it away here. */
  readonly alone: readonly string[];
  /** The groups to join before anything else. */
  readonly groups: readonly string[];
  /** Whom to become; null: who we are. */
  readonly uid: number | null;
  /** Its ends of its three streams. */
  readonly streams: readonly number[];
}

const child = fileURLToPath(
  new URL(import.meta.url.endsWith(".js") ? "./child.js" : "./child.ts", import.meta.url),
);
const engine = fileURLToPath(import.meta.resolve("quickjs-wasi/quickjs.wasm"));
/** All that the interpreter's process may open. */
export const readable: readonly string[] = [
  child,
  ...["prelude", "protocol"].map((name) =>
    path.join(path.dirname(child), name + path.extname(child)),
  ),
  path.dirname(engine),
];

/** Of Node's own part; what the interpreter takes for the code lies outside of it. */
const heapMegabytes = 128;
/** A Node opens some dozen for itself. */
const openFiles = 64;

export function launch(spec: Launch): ChildProcess {
  const { programs, nodePath, alone, groups, uid, streams } = spec;
  const [first = "", ...joining] = toJoining(programs.sh, groups);
  // When the thread that started it ends, so does it.
  const flags = ["--pdeathsig", "KILL", ...(uid === null ? ["--no-new-privs"] : [])];
  const limited = [programs.prlimit, `--nofile=${openFiles}:${openFiles}`, "--core=0:0", "--"];
  const bound = [...alone, ...toBecoming(programs, uid, flags), ...limited];
  const command = [...bound, nodePath, ...toFlags(), child, engine];
  const options = { cwd: "/", env: {}, stdio: [...streams], detached: true };
  return requireMade(spawn(first, [...joining, ...command], options));
}

const toFlags = (): readonly string[] => [
  "--permission",
  ...readable.map((one) => `--allow-fs-read=${one}`),
  `--max-old-space-size=${heapMegabytes}`,
  "--no-addons",
  "--disallow-code-generation-from-strings",
  "--no-warnings",
];
