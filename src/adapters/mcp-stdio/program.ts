import { spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { bareStamp, type SandboxStamp } from "../../model/sandbox.ts";
import type { StartedSandbox } from "../../ports/sandbox.ts";

/** A running program, in a sandbox or with the powers of this user. */
export interface Program {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Where it runs, as it stands now. */
  readonly stamp: () => SandboxStamp;
  /** Why, once it has. Never rejects. */
  readonly ended: Promise<string>;
  terminate(): void;
  kill(): void;
  /** It did not end when it was killed: nothing of it holds us. */
  abandon(): void;
}

export interface BareProgram {
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly directory: string;
}

/** It leads a process group of its own, so that what it started ends with it. */
export function startBare({ command, environment, directory }: BareProgram): Program {
  const [program = "", ...args] = command;
  const isGroup = process.platform !== "win32";
  const child = spawn(program, args, {
    cwd: directory,
    env: { ...environment },
    stdio: ["pipe", "pipe", "pipe"],
    detached: isGroup,
    windowsHide: true,
  });
  const signal = (name: "SIGTERM" | "SIGKILL"): void => {
    if (child.pid === undefined) return;
    try {
      if (isGroup) process.kill(-child.pid, name);
      else child.kill(name);
    } catch {
      // Nobody of the group is left.
    }
  };
  const ended = new Promise<string>((resolve) => {
    child.once("error", (error: NodeJS.ErrnoException) =>
      resolve(`could not be started (${error.code ?? error.message})`),
    );
    child.once("close", (code, by) =>
      resolve(by === null ? `ended with ${code}` : `was ended by ${by}`),
    );
  });
  void ended.then(() => signal("SIGKILL"));
  const { stdin, stdout, stderr } = child;
  return {
    stdin,
    stdout,
    stderr,
    stamp: () => bareStamp,
    ended,
    terminate: () => signal("SIGTERM"),
    kill: () => signal("SIGKILL"),
    abandon: () => {
      stdout.destroy();
      stderr.destroy();
      child.unref();
    },
  };
}

export function fromSandbox({ sandbox, stamp }: StartedSandbox): Program {
  const { stdin, stdout, stderr } = sandbox;
  return {
    stdin,
    stdout,
    stderr,
    stamp,
    ended: sandbox.ended.then(({ reason, remains }) => [reason, ...remains].join("; ")),
    terminate: () => sandbox.terminate(),
    kill: () => sandbox.kill(),
    abandon: () => {
      stdout.destroy();
      stderr.destroy();
    },
  };
}
