import { spawn, type ChildProcess, type ChildProcessWithoutNullStreams } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { atEnd } from "../at-end.ts";
import { layOutCluster } from "../cluster.ts";

const entry = new URL("../../bin/countersign.js", import.meta.url).pathname;

/** A directory with a user of its own: where keys go, where the server is called. */
export interface Home {
  readonly directory: string;
  readonly data: string;
  /** A command to its end. */
  run(...argv: readonly string[]): Promise<Ran>;
  /** The same, with this on its standard input. */
  pipe(input: string, ...argv: readonly string[]): Promise<Ran>;
  /** `up` on a free port, until it says that it is ready. */
  up(...argv: readonly string[]): Promise<Up>;
  /** Postmasters that run on this directory, by pid. */
  postmasters(): readonly number[];
  key(role: "admin" | "approver"): string;
  environment: Record<string, string | undefined>;
}

export interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface Up {
  readonly url: string;
  readonly pid: number;
  readonly ready: Record<string, unknown>;
  /** What it said on stdout, one event a line. */
  readonly events: readonly Record<string, unknown>[];
  /** What it said on stderr so far: its log. */
  log(): string;
  kill(signal: NodeJS.Signals): void;
  /** The exit code, or the signal that ended it. */
  readonly ended: Promise<number | string>;
}

/**
 * Gone when the test is, or all that share it, with every process that was started on it. One that is bare has no cluster yet: its
 * first start makes one, as a user's does.
 */
export function createHome({ isBare = false } = {}): Home {
  const directory = mkdtempSync(path.join(tmpdir(), "cs-e2e-"));
  const data = path.join(directory, ".countersign");
  const children: ChildProcess[] = [];
  const environment: Record<string, string | undefined> = {
    ...process.env,
    XDG_CONFIG_HOME: path.join(directory, "config"),
    COUNTERSIGN_API_KEY: undefined,
    COUNTERSIGN_URL: undefined,
    NO_COLOR: "1",
  };
  const start = (argv: readonly string[]) => {
    const child = spawn(process.execPath, [entry, ...argv], { cwd: directory, env: environment });
    children.push(child);
    return child;
  };
  const postmasters = () => findPostmasters(path.join(data, "postgres"));
  atEnd(async () => {
    for (const child of children) child.kill("SIGKILL");
    await stopPostmasters(postmasters);
    rmSync(directory, { recursive: true, force: true });
  });
  return {
    directory,
    data,
    environment,
    postmasters,
    key: (role) =>
      readFileSync(path.join(directory, "config", "countersign", `${role}.key`), "utf8").trim(),
    run: (...argv) => toEnd(start(argv), ""),
    pipe: (input, ...argv) => toEnd(start(argv), input),
    up: async (...argv) => {
      const at = argv.indexOf("--file");
      const document = path.resolve(directory, at < 0 ? "countersign.yaml" : argv[at + 1]!);
      if (!isBare && keepsCluster(document))
        await layOutCluster(path.join(path.dirname(document), ".countersign", "postgres"));
      return untilReady(start(["up", "--json", "--listen", "127.0.0.1:0", ...argv]));
    },
  };
}

/** A store elsewhere needs none here. */
function keepsCluster(document: string): boolean {
  return !existsSync(document) || !/kind"?: *"?postgres\b/.test(readFileSync(document, "utf8"));
}

async function toEnd(child: ChildProcessWithoutNullStreams, input: string): Promise<Ran> {
  child.stdin.end(input);
  const [out, err] = await Promise.all([readAll(child.stdout), readAll(child.stderr)]);
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  return { code: child.exitCode, out, err };
}

async function untilReady(child: ReturnType<typeof spawn>): Promise<Up> {
  const events: Record<string, unknown>[] = [];
  let err = "";
  child.stderr?.on("data", (chunk: Buffer) => (err += chunk.toString()));
  const ended = once(child, "exit").then(([code, signal]) => (code ?? signal) as number | string);
  const ready = await new Promise<Record<string, unknown>>((resolve, reject) => {
    createInterface({ input: child.stdout! }).on("line", (line) => {
      const event = JSON.parse(line) as Record<string, unknown>;
      events.push(event);
      if (event["event"] === "ready") resolve(event);
    });
    void ended.then((code) =>
      reject(new Error(`up ended with ${code}: ${JSON.stringify(events)} ${err}`)),
    );
  });
  return {
    url: String(ready["url"]),
    pid: child.pid!,
    ready,
    events,
    log: () => err,
    ended,
    kill: (signal) => void child.kill(signal),
  };
}

async function readAll(stream: NodeJS.ReadableStream): Promise<string> {
  let text = "";
  for await (const chunk of stream) text += String(chunk);
  return text;
}

/** Postmasters by their `-D`; a child that was just forked has its parent's arguments still. */
export function findPostmasters(directory: string): readonly number[] {
  const found = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      const parent = readParent(pid, directory);
      return parent === null ? [] : [{ pid: Number(pid), parent }];
    });
  const pids = new Set(found.map(({ pid }) => pid));
  return found.filter(({ parent }) => !pids.has(parent)).map(({ pid }) => pid);
}

/** The parent of a process that runs on the directory; null of any other. */
function readParent(pid: string, directory: string): number | null {
  try {
    const argv = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
    const at = argv.indexOf("-D");
    if (at < 1 || !(argv[at + 1] ?? "").startsWith(`${directory}/`)) return null;
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
  } catch {
    return null;
  }
}

export async function stopPostmasters(find: () => readonly number[]): Promise<void> {
  for (const pid of find()) process.kill(pid, "SIGQUIT");
  for (let tries = 0; find().length > 0 && tries < 100; tries++) await systemClock.sleep(20);
}
