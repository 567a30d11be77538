import { execFile } from "node:child_process";
import { Fault } from "../../../model/index.ts";

export interface ToolRun {
  readonly program: string;
  readonly args: readonly string[];
  /** All that it has. */
  readonly environment: Readonly<Record<string, string>>;
  readonly directory: string;
  readonly withinMs: number;
}

/** What a tool prints is lists of packages at most; more of it means that something is wrong. */
const mostBytes = 16 * 1024 * 1024;

/** What a tool of the system prints. Throws `setup_failed` with its last words. */
export function runTool(run: ToolRun): Promise<string> {
  const { program, args, environment, directory, withinMs } = run;
  const options = {
    env: { ...environment },
    cwd: directory,
    timeout: withinMs,
    killSignal: "SIGKILL",
    maxBuffer: mostBytes,
    encoding: "utf8",
  } as const;
  return new Promise((resolve, reject) => {
    const child = execFile(program, args, options, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(toFault(run, { killed: error.killed === true, message: error.message, stderr }));
    });
    // Whatever it would ask, nobody is there to answer.
    child.stdin?.end();
  });
}

interface ToolEnd {
  readonly killed: boolean;
  readonly message: string;
  readonly stderr: string;
}

function toFault({ program, args, withinMs }: ToolRun, end: ToolEnd): Fault {
  const last = end.stderr
    .trim()
    .split("\n")
    .findLast((line) => line.trim() !== "");
  const why = end.killed
    ? `it took longer than ${withinMs / 1000} s, or printed too much`
    : (last ?? end.message);
  const name = program.split("/").at(-1);
  const verb = args.find((arg) => !arg.startsWith("-"));
  return new Fault("setup_failed", `\`${[name, verb].join(" ").trim()}\` failed: ${why}`);
}
