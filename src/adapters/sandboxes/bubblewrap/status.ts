import type { Readable } from "node:stream";
import { readBegan } from "../host/owner.ts";

/** What bwrap tells of a sandbox, a line of JSON each. */
export interface Status {
  /** The first process in it, which takes all others with it; null: not made yet, or ended already. */
  readonly first: FirstProcess | null;
  /** Of the program; null: it was never started, or did not end by itself. */
  readonly exitCode: number | null;
  /** No more is coming. */
  readonly closed: Promise<void>;
}

export interface FirstProcess {
  readonly pid: number;
  readonly beganAt: string;
}

const mostBytes = 64 * 1024;

export function readStatus(stream: Readable, onFirst: () => void): Status {
  let text = "";
  let first: FirstProcess | null = null;
  let exitCode: number | null = null;
  const read = (line: string): void => {
    const told = parse(line);
    const pid = told["child-pid"];
    if (typeof pid === "number" && first === null) {
      const beganAt = readBegan(pid);
      if (beganAt === null) return;
      first = { pid, beganAt };
      onFirst();
    }
    const code = told["exit-code"];
    if (typeof code === "number") exitCode = code;
  };
  stream.setEncoding("utf8");
  stream.on("data", (chunk: string) => {
    const lines = (text + chunk).slice(0, mostBytes).split("\n");
    text = lines.pop() ?? "";
    lines.forEach(read);
  });
  const closed = new Promise<void>((resolve) => {
    stream.once("close", resolve);
    stream.once("error", () => resolve());
  });
  return {
    get first() {
      return first;
    },
    get exitCode() {
      return exitCode;
    },
    closed,
  };
}

function parse(line: string): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return {};
  }
}
