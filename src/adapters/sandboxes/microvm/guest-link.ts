import type { Duplex, Readable, Writable } from "node:stream";
import { z } from "zod";
import type { Clock } from "../../../ports/clock.ts";
import type { Random } from "../../../ports/random.ts";
import { mostConnections } from "../host/outlet.ts";
import { createChannels, lastBytes, type Channels } from "./guest/channels.ts";
import {
  createFrameReader,
  kinds,
  mostPiece,
  mostPayload,
  streams,
  toFrame,
  type Frame,
} from "./guest/frames.ts";
import type { AttachRequest, StartRequest } from "./guest/start-request.ts";

/** What becomes of a machine, as its guest tells it; the guest may be the program's by then. */
export interface ProgramEnd {
  readonly exitCode: number | null;
  readonly memoryPeakBytes: number | null;
  readonly refusedProcesses: number | null;
  readonly memoryKills: number | null;
}

const count = z.int().nonnegative().nullable();
const answers = {
  [kinds.ready]: z.strictObject({ version: z.string().max(64) }),
  [kinds.attached]: z.strictObject({ status: z.int() }),
  [kinds.started]: z.strictObject({}),
  [kinds.refused]: z.strictObject({ reason: z.string() }),
  [kinds.ended]: z
    .strictObject({
      exitCode: z.int().min(0).max(255).nullable(),
      memoryPeakBytes: count,
      refusedProcesses: count,
      memoryKills: count,
    })
    .nullable(),
} as const;
type AnswerKind = keyof typeof answers;
export type Answer = { readonly kind: number; readonly value: unknown };

const mostAnswer = 4 * 1024;
const mostLength: ReadonlyMap<number, number> = new Map([
  ...Object.keys(answers).map((kind): [number, number] => [Number(kind), mostAnswer]),
  [kinds.data, mostPiece],
  [kinds.credit, 4],
  [kinds.end, 0],
  [kinds.close, 0],
  [kinds.open, 0],
]);
/** All streams with all their credit, and what is told besides. A guest that reads nothing gets no further. */
const mostUnsent = 64 * 1024 * 1024;
/** Those that one side has closed, and the other has not answered for. */
const mostOpen = 2 * mostConnections;
const entropyBytes = 64;

export interface LinkParts {
  readonly socket: Duplex;
  readonly onConnection: ((socket: Duplex) => void) | null;
}

/**
 * This side of a machine's guest. Whatever it says is bounded, expected by its kind and its moment, or the
 * link is broken, and with it the machine.
 */
export class GuestLink {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** With the reason, once. Nothing is taken afterwards. */
  readonly broken: Promise<string>;
  readonly #socket: Duplex;
  readonly #channels: Channels;
  readonly #onConnection: ((socket: Duplex) => void) | null;
  #break: (reason: string) => void = () => undefined;
  #isBroken = false;
  #lastConnection: number = streams.firstConnection - 1;
  #expected: Expected | null = null;
  #end: Promise<Answer> = Promise.reject(new Error("its program was not started"));

  constructor({ socket, onConnection }: LinkParts) {
    this.#socket = socket;
    this.#end.catch(() => undefined);
    this.#onConnection = onConnection;
    this.#channels = createChannels((stream, kind, payload) => this.#send(stream, kind, payload));
    this.stdin = this.#channels.open(streams.stdin, "out");
    this.stdout = this.#channels.open(streams.stdout, "in");
    this.stderr = this.#channels.open(streams.stderr, "in");
    this.broken = new Promise((resolve) => {
      this.#break = (reason) => {
        this.#isBroken = true;
        this.#expected = null;
        resolve(reason);
      };
    });
    const read = createFrameReader({
      most: (kind) => mostLength.get(kind) ?? null,
      take: (frame) => this.#take(frame),
      breach: (reason) => this.#break(`its guest sent ${reason}`),
    });
    socket.on("data", read);
    socket.on("error", () => undefined);
    socket.once("close", () => this.#break("its guest went away"));
  }

  /** The time and the chance of this machine alone. Throws where it does not take them. */
  async attach(nowMs: number, random: Random): Promise<void> {
    const entropy = Buffer.from(random.bytes(entropyBytes)).toString("base64");
    const request: AttachRequest = { entropy, nowMs: Math.floor(nowMs) };
    this.#tell(kinds.attach, request);
    const { value } = await this.expect(kinds.attached);
    const { status } = value as { readonly status: number };
    if (status !== 0) throw new Error(`the machine took no chance of its own (${status})`);
  }

  /** Gives why the guest did not start it; null: it has begun. */
  async start(request: StartRequest): Promise<string | null> {
    this.#tell(kinds.start, request);
    const done = request.isWarmUp ? kinds.ended : kinds.started;
    const { kind, value } = await this.expect(done, kinds.refused);
    return kind === done ? null : (value as { readonly reason: string }).reason;
  }

  /** How the program ended, once all that it said is here, or does not come in time. */
  async whenEnded(clock: Clock, withinMs: number): Promise<ProgramEnd> {
    const { value } = await this.#end;
    if (value === null) throw new Error("its guest told nothing of its end");
    const outputs = [streams.stdout, streams.stderr];
    // All of it comes through now, whether somebody reads it or not.
    for (const stream of outputs) this.#channels.grant(stream, lastBytes);
    const all = Promise.all(outputs.map((stream) => this.#channels.whenOver(stream)));
    const done = new AbortController();
    const late = clock.sleep(withinMs, done.signal).catch(() => undefined);
    await Promise.race([all, late, this.broken]).finally(() => done.abort());
    return value as ProgramEnd;
  }

  terminate(): void {
    this.#send(streams.control, kinds.signal, new Uint8Array(0));
  }

  /** What has come may still be read. */
  close(): void {
    this.#break("it was closed");
    this.#channels.finish();
    this.#socket.destroy();
  }

  expect(...wanted: readonly AnswerKind[]): Promise<Answer> {
    const answer = new Promise<Answer>((resolve) => {
      this.#expected = { wanted, resolve };
    });
    const broken = this.broken.then((reason) => Promise.reject(new Error(reason)));
    return Promise.race([answer, broken]);
  }

  #take(frame: Frame): void {
    if (this.#isBroken) return;
    const wrong = this.#judge(frame);
    if (wrong !== null) this.#break(`its guest sent ${wrong}`);
  }

  #judge(frame: Frame): string | null {
    const { stream, kind } = frame;
    if (stream === streams.control) return this.#answer(frame);
    if (kind !== kinds.open) {
      return kind in answers ? `kind ${kind} on a stream` : this.#channels.take(frame);
    }
    if (this.#onConnection === null) return "a connection that it may not make";
    if (stream <= this.#lastConnection) return "a connection that was there already";
    if (this.#channels.size >= mostOpen) return "more connections than it may have";
    this.#lastConnection = stream;
    const socket = this.#channels.open(stream, "both");
    try {
      this.#onConnection(socket);
    } catch {
      // Whoever decides on it has failed, so nobody has allowed it.
      socket.destroy();
    }
    return null;
  }

  #answer({ kind, payload }: Frame): string | null {
    const expected = this.#expected;
    const schema = answers[kind as AnswerKind] as z.ZodType | undefined;
    if (expected === null || schema === undefined || !expected.wanted.includes(kind as AnswerKind))
      return `kind ${kind}, which nobody asked for`;
    const parsed = schema.safeParse(parseJson(payload));
    if (!parsed.success) return `an answer of kind ${kind} that cannot be read`;
    this.#expected = null;
    // A program may have ended before anybody hears that it has begun.
    if (kind === kinds.started) this.#expectEnd();
    expected.resolve({ kind, value: parsed.data });
    return null;
  }

  #expectEnd(): void {
    this.#end = this.expect(kinds.ended);
    this.#end.catch(() => undefined);
  }

  #tell(kind: number, value: unknown): void {
    const payload = Buffer.from(JSON.stringify(value));
    if (payload.length > mostPayload) throw new Error("a program is started with less than that");
    this.#send(streams.control, kind, payload);
  }

  #send(stream: number, kind: number, payload: Uint8Array): void {
    if (this.#isBroken) return;
    this.#socket.write(toFrame(stream, kind, payload));
    if (this.#socket.writableLength > mostUnsent) this.#break("its guest does not listen");
  }
}

interface Expected {
  readonly wanted: readonly AnswerKind[];
  readonly resolve: (answer: Answer) => void;
}

function parseJson(payload: Buffer): unknown {
  try {
    return JSON.parse(payload.toString("utf8"));
  } catch {
    return undefined;
  }
}
