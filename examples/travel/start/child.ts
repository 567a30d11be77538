import { spawn, type ChildProcess } from "node:child_process";
import { closeSync, mkdirSync, openSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";

export interface ChildOptions {
  readonly args: readonly string[];
  readonly directory: string;
  /** Takes what it says on standard error. */
  readonly log: string;
  /** One JSON object a line of its standard output. */
  readonly onLine: (line: Readonly<Record<string, unknown>>) => void;
}

export interface Child {
  readonly pid: number | undefined;
  /** Resolves with the exit code, or the signal that ended it. */
  readonly ended: Promise<number | string>;
  kill(signal: NodeJS.Signals): void;
}

/**
 * A program on the same Node. It is in a process group of its own, so that Ctrl-C reaches it through us
 * alone and once; it holds our standard input's other end, so that it does not outlive us.
 */
export function startChild({ args, directory, log, onLine }: ChildOptions): Child {
  mkdirSync(path.dirname(log), { recursive: true });
  const descriptor = openSync(log, "a");
  let child: ChildProcess;
  try {
    child = spawn(process.execPath, args, {
      cwd: directory,
      detached: true,
      stdio: ["pipe", "pipe", descriptor],
    });
  } finally {
    closeSync(descriptor);
  }
  createInterface({ input: child.stdout! }).on("line", (line) => {
    const value = parseLine(line);
    if (value !== null) onLine(value);
  });
  const ended = new Promise<number | string>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code, signal) => resolve(code ?? signal ?? 1));
  });
  // Writing to a program that is gone is no news.
  child.stdin!.on("error", () => undefined);
  return { pid: child.pid, ended, kill: (signal) => void child.kill(signal) };
}

function parseLine(line: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
