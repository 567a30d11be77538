import type { Channel, Sent } from "../../mcp/channel.ts";
import { Fault } from "../../model/index.ts";
import type { SandboxStamp } from "../../model/sandbox.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Program } from "./program.ts";

export interface ChildOptions {
  readonly program: Program;
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
 * A program with a line of JSON for each message. If we are killed, its input ends, which is how it is
 * told to go.
 */
export class Child implements Channel {
  readonly #options: ChildOptions;
  readonly #program: Program;
  readonly #complaints: string[] = [];
  #complaintLength = 0;
  #ended: string | null = null;
  readonly #whenEnded: Promise<void>;

  constructor(options: ChildOptions) {
    this.#options = options;
    const { program } = options;
    this.#program = program;
    this.#whenEnded = program.ended.then((reason) => {
      this.#ended = reason;
      options.onEnd(reason);
    });
    // A broken pipe is told by the end of the process.
    program.stdin.on("error", () => undefined);
    readLines(program.stdout, options.lineBytes, {
      onLine: options.onLine,
      onLong: () => this.kill("wrote a line that is too long"),
    });
    readLines(program.stderr, complaintBytes, {
      onLine: (line) => this.#keepComplaint(line),
      onLong: () => undefined,
    });
  }

  get sandbox(): () => SandboxStamp {
    return this.#program.stamp;
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
    const { stdin } = this.#program;
    if (this.#ended !== null || stdin.destroyed) {
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
    this.#program.kill();
  }

  async close(): Promise<void> {
    if (this.#ended === null) this.#program.stdin.end();
    if (await this.#endsWithin(graceMs)) return;
    this.#program.terminate();
    if (await this.#endsWithin(graceMs)) return;
    this.#program.kill();
    // A pipe that a grandchild holds open in another group must not hold us.
    if (await this.#endsWithin(graceMs)) return;
    this.#program.abandon();
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
