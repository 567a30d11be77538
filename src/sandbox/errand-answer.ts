import { createByteBuffer, type ByteBuffer } from "../lib/byte-buffer.ts";
import { createFrameReader } from "../lib/frames.ts";
import type { Said, WorkChanges, WorkFile } from "../ports/errands.ts";
import { createChangesReader } from "./errand-changes.ts";
import type { ErrandLimits } from "./errand-limits.ts";
import { chunkBytes, fromRunner } from "./errand-wire.ts";

/** How a program ended, as the sandbox tells it. */
export interface ErrandExit {
  readonly code: number | null;
  readonly signal: string | null;
  /** Why it was not started. */
  readonly error: string | null;
}

/** Each follows the one before it; any can be the last. */
export type AnswerPhase = "starting" | "ready" | "began" | "exited" | "done";

/** What a sandbox has said until now. */
export interface ErrandAnswer {
  take(chunk: Uint8Array): void;
  readonly phase: AnswerPhase;
  /** What is wrong with what it said; nothing that comes after that is read. */
  readonly wrong: string | null;
  /** Why the runner could not lay the errand's files out. */
  readonly refusal: string | null;
  readonly exit: ErrandExit | null;
  readonly stdout: Said;
  readonly stderr: Said;
  /** Null before the end, and where they were not taken over. */
  readonly changes: WorkChanges | null;
  /** Why not, at the end. */
  readonly untaken: string | null;
}

interface Stream {
  readonly kept: ByteBuffer;
  dropped: number;
}

const createStream = (): Stream => ({ kept: createByteBuffer(), dropped: 0 });

/** What a frame costs us besides its bytes. */
const frameCost = 64;
/** For all that can be asked for, should each byte of a stream come in a frame of its own. */
const toMostCost = ({ keptBytes, fileBytes, files }: ErrandLimits): number =>
  2 * (frameCost + 8) * keptBytes + 2 * fileBytes + 4_096 * files;

/**
 * Reads what comes out of a sandbox, where foreign code may write anything: bounded in each piece and in
 * all of them, and in an order that has an end.
 */
export function createErrandAnswer(
  limits: ErrandLimits,
  before: () => readonly WorkFile[],
): ErrandAnswer {
  return new Answer(limits, before);
}

class Answer implements ErrandAnswer {
  phase: AnswerPhase = "starting";
  wrong: string | null = null;
  refusal: string | null = null;
  exit: ErrandExit | null = null;
  changes: WorkChanges | null = null;
  untaken: string | null = null;
  readonly #limits: ErrandLimits;
  readonly #before: () => readonly WorkFile[];
  readonly #read = createFrameReader(chunkBytes);
  readonly #out = createStream();
  readonly #error = createStream();
  #left: number;
  #files: ReturnType<typeof createChangesReader> | null = null;

  constructor(limits: ErrandLimits, before: () => readonly WorkFile[]) {
    this.#limits = limits;
    this.#before = before;
    this.#left = toMostCost(limits);
  }

  get stdout(): Said {
    return toSaid(this.#out);
  }

  get stderr(): Said {
    return toSaid(this.#error);
  }

  take(chunk: Uint8Array): void {
    if (this.wrong !== null) return;
    const { frames, isBroken } = this.#read(chunk);
    this.#left -= chunk.length + frames.length * frameCost;
    if (this.#left < 0) return this.#refuse("it said more than it was asked for");
    for (const frame of frames) {
      this.#takeFrame(frame[0]!, frame.subarray(1));
      if (this.wrong !== null) return;
    }
    if (isBroken) this.#refuse("it said something that cannot be read");
  }

  #refuse(wrong: string): void {
    this.wrong = wrong;
    this.changes = null;
    this.untaken = wrong;
  }

  #takeFrame(kind: number, bytes: Uint8Array): void {
    const { phase } = this;
    if (phase === "starting" && kind === fromRunner.ready) this.phase = "ready";
    else if (phase === "ready" && kind === fromRunner.began) this.phase = "began";
    else if (phase === "ready" && kind === fromRunner.refused) this.refusal = toCode(bytes);
    else if (phase === "began") this.#takeSaid(kind, bytes);
    else if (phase === "exited") this.#takeChange(kind, bytes);
    else this.#refuse("it said something that does not belong there");
  }

  #takeSaid(kind: number, bytes: Uint8Array): void {
    if (kind === fromRunner.exit) return this.#takeExit(bytes);
    const stream =
      kind === fromRunner.stdout ? this.#out : kind === fromRunner.stderr ? this.#error : null;
    if (stream === null) return this.#refuse("it said something that does not belong there");
    // What is over was to be counted inside.
    if (stream.kept.size + bytes.length > this.#limits.keptBytes)
      return this.#refuse("it said more than it was asked for");
    stream.kept.add(bytes);
  }

  #takeExit(bytes: Uint8Array): void {
    const told = parseExit(bytes);
    if (told === null) return this.#refuse("how the program ended could not be read");
    this.exit = told.exit;
    [this.#out.dropped, this.#error.dropped] = told.dropped;
    this.#files = createChangesReader(this.#before(), this.#limits);
    this.phase = "exited";
  }

  #takeChange(kind: number, bytes: Uint8Array): void {
    if (kind === fromRunner.over) return this.#endWith(null, toOver(bytes, this.#limits));
    if (kind !== fromRunner.done) {
      const wrong = this.#files!.take(kind, bytes);
      if (wrong !== null) this.#refuse(wrong);
      return;
    }
    const changes = this.#files!.end();
    if (typeof changes === "string") this.#refuse(changes);
    else this.#endWith(changes, null);
  }

  #endWith(changes: WorkChanges | null, untaken: string | null): void {
    this.changes = changes;
    this.untaken = untaken;
    this.phase = "done";
  }
}

const toSaid = ({ kept, dropped }: Stream): Said => ({
  bytes: kept.toBytes(),
  droppedBytes: dropped,
});

const mostTextBytes = 1_024;
const decode = (bytes: Uint8Array): string =>
  new TextDecoder().decode(bytes.subarray(0, mostTextBytes));

/** As Node names errors. */
function toCode(bytes: Uint8Array): string {
  const text = decode(bytes);
  return isCode(text) ? text : "EUNKNOWN";
}

const isCode = (value: unknown): value is string =>
  typeof value === "string" && /^E[A-Z0-9_]{2,30}$/.test(value);
const isSignal = (value: unknown): value is string =>
  typeof value === "string" && /^SIG[A-Z0-9]{2,10}$/.test(value);
const isExitCode = (value: unknown): value is number =>
  Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 255;
const isCount = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0;

interface ToldExit {
  readonly exit: ErrandExit;
  readonly dropped: readonly [number, number];
}

function parseExit(bytes: Uint8Array): ToldExit | null {
  const told = parseObject(bytes);
  const { code, signal, error, dropped } = told;
  const [out, err] = Array.isArray(dropped) ? (dropped as readonly unknown[]) : [];
  if (!isCount(out) || !isCount(err)) return null;
  const exit = {
    code: isExitCode(code) ? code : null,
    signal: isSignal(signal) ? signal : null,
    error: isCode(error) ? error : null,
  };
  const known = Object.values(exit).filter((value) => value !== null);
  return known.length === 1 ? { exit, dropped: [out, err] } : null;
}

function parseObject(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(decode(bytes));
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function toOver(bytes: Uint8Array, limits: ErrandLimits): string {
  const { files, fileBytes, entries, depth } = limits;
  const reasons: Readonly<Record<string, string>> = {
    files: `it left more than ${files} files that are new or differ`,
    bytes: `its files that are new or differ hold more than ${fileBytes} bytes`,
    entries: `it left more than ${entries} files and folders`,
    depth: `its folders lie more than ${depth} deep in each other`,
  };
  const code = decode(bytes);
  return Object.hasOwn(reasons, code) ? reasons[code]! : "one of its files could not be read";
}
