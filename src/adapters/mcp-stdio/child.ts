import { spawn, type ChildProcess } from "node:child_process";
import type { Sent } from "../../mcp/channel.ts";
import { Fault } from "../../model/index.ts";
import type { Clock } from "../../ports/clock.ts";

export interface ChildOptions {
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly directory: string;
  readonly clock: Clock;
  /** Of one line that it writes. */
  readonly lineBytes: number;
  /** What it writes to its error stream goes through this, before it is kept or told. */
  readonly redact: (text: string) => string;
  readonly onLine: (line: string) => void;
  readonly onComplaint: (line: string) => void;
  readonly onEnd: (reason: string) => void;
}

/** What may wait for a program that does not read. */
const unwrittenBytes = 64 * 1024 * 1024;
const complaintBytes = 64 * 1024;
/** For each step from a closed input to SIGTERM to SIGKILL. */
const graceMs = 2_000;

/**
 * A program with a line of JSON for each message. It leads a process group of its own, so that what it
 * started ends with it. If we are killed, its input ends, which is how it is told to go.
 */
export class Child {
  readonly #options: ChildOptions;
  readonly #process: ChildProcess;
  readonly #complaints: string[] = [];
  #complaintLength = 0;
  #ended: string | null = null;
  #whenEnded: Promise<void>;

  constructor(options: ChildOptions) {
    this.#options = options;
    const [program = "", ...args] = options.command;
    this.#process = spawn(program, args, {
      cwd: options.directory,
      env: { ...options.environment },
      stdio: ["pipe", "pipe", "pipe"],
      detached: process.platform !== "win32",
      windowsHide: true,
    });
    this.#whenEnded = new Promise((resolve) => {
      const end = (reason: string): void => {
        if (this.#ended !== null) return;
        this.#ended = reason;
        this.#signal("SIGKILL");
        resolve();
        options.onEnd(reason);
      };
      this.#process.once("error", (error: NodeJS.ErrnoException) =>
        end(`could not be started (${error.code ?? error.message})`),
      );
      this.#process.once("close", (code, signal) =>
        end(signal === null ? `ended with ${code}` : `was ended by ${signal}`),
      );
    });
    // A broken pipe is told by the end of the process.
    this.#process.stdin!.on("error", () => undefined);
    readLines(this.#process.stdout!, options.lineBytes, {
      onLine: options.onLine,
      onLong: () => this.kill("wrote a line that is too long"),
    });
    readLines(this.#process.stderr!, complaintBytes, {
      onLine: (line) => this.#keepComplaint(line),
      onLong: () => undefined,
    });
  }

  /** Why it ended; null while it runs. */
  get ended(): string | null {
    return this.#ended;
  }

  /** The last of what it wrote to its error stream. */
  get complaints(): readonly string[] {
    return this.#complaints;
  }

  write(line: string, sent?: Sent): void {
    const { stdin } = this.#process;
    if (this.#ended !== null || stdin === null || stdin.destroyed) {
      throw new Fault(
        "upstream_unreachable",
        `The program ${this.#ended ?? "takes nothing more"}.`,
      );
    }
    if (stdin.writableLength > unwrittenBytes) {
      throw new Fault("upstream_busy", "The program does not read what it is sent.");
    }
    sent?.beforeWrite();
    stdin.write(`${line}\n`);
  }

  /** At once, for a program that breaks the rules. */
  kill(reason: string): void {
    this.#keepComplaint(`countersign: ${reason}`);
    this.#signal("SIGKILL");
  }

  async close(): Promise<void> {
    if (this.#ended === null) this.#process.stdin?.end();
    if (await this.#endsWithin(graceMs)) return;
    this.#signal("SIGTERM");
    if (await this.#endsWithin(graceMs)) return;
    this.#signal("SIGKILL");
    // A pipe that a grandchild holds open in another group must not hold us.
    if (await this.#endsWithin(graceMs)) return;
    this.#process.stdout?.destroy();
    this.#process.stderr?.destroy();
    this.#process.unref();
  }

  async #endsWithin(ms: number): Promise<boolean> {
    const done = new AbortController();
    const late = this.#options.clock.sleep(ms, done.signal).then(
      () => false,
      () => true,
    );
    const ended = await Promise.race([this.#whenEnded.then(() => true), late]);
    done.abort();
    return ended;
  }

  #signal(signal: "SIGTERM" | "SIGKILL"): void {
    const { pid } = this.#process;
    if (pid === undefined) return;
    try {
      if (process.platform === "win32") this.#process.kill(signal);
      else process.kill(-pid, signal);
    } catch {
      // Nobody of the group is left.
    }
  }

  #keepComplaint(said: string): void {
    const line = this.#options.redact(said);
    this.#complaints.push(line.slice(0, 2_048));
    this.#complaintLength += Math.min(line.length, 2_048);
    while (this.#complaintLength > complaintBytes)
      this.#complaintLength -= this.#complaints.shift()!.length;
    this.#options.onComplaint(line);
  }
}

interface LineUse {
  readonly onLine: (line: string) => void;
  /** The rest of a line that is too long is skipped. */
  readonly onLong: () => void;
}

const newline = 0x0a;

function readLines(
  stream: NodeJS.ReadableStream,
  maxBytes: number,
  { onLine, onLong }: LineUse,
): void {
  let parts: Buffer[] = [];
  let length = 0;
  let isSkipping = false;

  function add(part: Buffer): void {
    if (isSkipping) return;
    length += part.length;
    if (length > maxBytes) {
      isSkipping = true;
      parts = [];
      onLong();
    } else if (part.length > 0) parts.push(part);
  }
  function finish(): void {
    const line = parts.length === 1 ? parts[0]! : Buffer.concat(parts);
    const isWhole = !isSkipping;
    parts = [];
    length = 0;
    isSkipping = false;
    const text = line.toString("utf8");
    if (isWhole && text.trim() !== "") onLine(text.endsWith("\r") ? text.slice(0, -1) : text);
  }
  stream.on("data", (chunk: Buffer) => {
    let from = 0;
    for (let at = chunk.indexOf(newline); at >= 0; at = chunk.indexOf(newline, from)) {
      add(chunk.subarray(from, at));
      finish();
      from = at + 1;
    }
    add(chunk.subarray(from));
  });
  stream.on("error", () => undefined);
}
