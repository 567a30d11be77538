import { mkdir, rename, writeFile } from "node:fs/promises";
import path from "node:path";
import type { Files, Input, Streams } from "../cli/context.ts";
import { Fault } from "../model/fault.ts";
import { readBounded } from "./read-bounded.ts";

/** Both ends of the terminal, or of the pipes in its place. */
export function openStreams(wantsColor: boolean | null): Streams {
  const { stdin, stdout, stderr } = process;
  // `countersign … | head` closes the pipe: that is no error of ours.
  stdout.on("error", noteUnwritten);
  // Where the log itself cannot be written there is no place left to say so.
  stderr.on("error", () => undefined);
  return {
    out: (text) => void stdout.write(text),
    err: (text) => void stderr.write(text),
    isInteractive: stdin.isTTY && stdout.isTTY,
    hasColor: wantsColor ?? (stdout.isTTY && stderr.isTTY),
  };
}

/** Whoever reads the answer must learn that it is not whole; the work itself goes on. */
function noteUnwritten(error: NodeJS.ErrnoException): void {
  if (error.code !== "EPIPE") process.exitCode = 1;
}

export function openInput(variables: Readonly<Record<string, string | undefined>>): Input {
  return {
    get isTerminal() {
      return process.stdin.isTTY === true;
    },
    variable: (name) => (Object.hasOwn(variables, name) ? variables[name] : undefined),
    async read(maxBytes) {
      const chunks: Buffer[] = [];
      let bytes = 0;
      for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
        bytes += chunk.length;
        if (bytes > maxBytes) throw new Fault("payload_too_large", "Standard input is too long.");
        chunks.push(chunk);
      }
      try {
        return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(chunks));
      } catch {
        throw new Fault("usage_invalid", "Standard input is not UTF-8.");
      }
    },
  };
}

/** As large as a configuration may be, and some more: a wrong path is not read whole. */
const maxBytes = 16 * 1024 * 1024;

export function openFiles(cwd: string): Files {
  return {
    async read(file) {
      try {
        const bytes = await readBounded(path.resolve(cwd, file), maxBytes);
        if (bytes === null) throw new Fault("payload_too_large", `${file} is too large.`);
        return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
      } catch (cause) {
        if ((cause as NodeJS.ErrnoException).code === "ENOENT") return null;
        throw toFault(file, "read", cause);
      }
    },
    async write(file, text, { overwrite, isSecret = false }) {
      const place = path.resolve(cwd, file);
      const mode = isSecret ? 0o600 : 0o666;
      try {
        await mkdir(path.dirname(place), { recursive: true, mode: isSecret ? 0o700 : 0o777 });
        if (!overwrite) {
          await writeFile(place, text, { flag: "wx", mode });
          return "written";
        }
        const draft = `${place}.${process.pid}`;
        await writeFile(draft, text, { mode });
        await rename(draft, place);
        return "written";
      } catch (cause) {
        if ((cause as NodeJS.ErrnoException).code === "EEXIST") return "exists";
        throw toFault(file, "written", cause);
      }
    },
  };
}

function toFault(file: string, what: "read" | "written", cause: unknown): Fault {
  if (cause instanceof Fault) return cause;
  const why =
    cause instanceof TypeError ? "it is not UTF-8" : (cause as NodeJS.ErrnoException).code;
  return new Fault("usage_invalid", `${file} cannot be ${what}: ${why}.`, {
    cause,
    details: { file },
  });
}
