import { Duplex, type DuplexOptions } from "node:stream";
import { kinds, mostPiece, type Frame } from "./frames.ts";

/**
 * Streams over one wire, each with a credit of its own: a side sends no more than the other has room for,
 * so that one that nobody reads holds up neither the others nor takes memory.
 */
export interface Channels {
  /** Of a stream that both sides know, or that this one has told the other of. */
  open(stream: number, direction: Direction): Duplex;
  /** Room for what is still to come, besides what is read: for a stream that is about to end. */
  grant(stream: number, bytes: number): void;
  /** What of it was wrong; null: nothing. */
  take(frame: Frame): string | null;
  /** Once nothing more of it can come. */
  whenOver(stream: number): Promise<void>;
  readonly size: number;
  /** The other side is gone: what has come may still be read. */
  finish(): void;
}

export type Direction = "in" | "out" | "both";
export type Send = (stream: number, kind: number, payload: Uint8Array) => void;

/** What each side may send before the other has read any of it. */
export const windowBytes = 128 * 1024;
/** Credit is given back in parts of this size, so that it costs little. */
const creditBytes = windowBytes / 4;
const nothing = new Uint8Array(0);

export function createChannels(send: Send): Channels {
  const open = new Map<number, Channel>();
  /** Whoever closes one may hear of it once more. */
  const wasOpen = new Set<number>();
  const forget = (stream: number): void => {
    open.delete(stream);
    wasOpen.add(stream);
    if (wasOpen.size > mostRemembered) wasOpen.delete(wasOpen.values().next().value ?? 0);
  };
  return {
    open: (stream, direction) => {
      const channel = createChannel({ stream, direction, send, forget });
      open.set(stream, channel);
      return channel.duplex;
    },
    grant: (stream, bytes) => open.get(stream)?.grant(bytes),
    take: (frame) => {
      const channel = open.get(frame.stream);
      if (channel !== undefined) return channel.take(frame);
      const isLate = frame.kind === kinds.close || frame.kind === kinds.credit;
      return isLate && wasOpen.has(frame.stream) ? null : `kind ${frame.kind} on no open stream`;
    },
    get size() {
      return open.size;
    },
    whenOver: (stream) => open.get(stream)?.over ?? Promise.resolve(),
    finish: () => {
      for (const channel of open.values()) channel.finish();
      open.clear();
    },
  };
}

const mostRemembered = 1_024;

interface Channel {
  readonly duplex: Duplex;
  readonly over: Promise<void>;
  grant(bytes: number): void;
  take(frame: Frame): string | null;
  finish(): void;
}

/** Node knows these, and its types do not. */
interface Directed {
  readonly readable: boolean;
  readonly writable: boolean;
}

interface ChannelParts {
  readonly stream: number;
  readonly direction: Direction;
  readonly send: Send;
  readonly forget: (stream: number) => void;
}

function createChannel(parts: ChannelParts): Channel {
  const { stream, direction, send, forget } = parts;
  const incoming = createIncoming(stream, send);
  const outgoing = createOutgoing(stream, send);
  let hasEnded = direction === "in";
  let isOver = direction === "out";
  let isDestroyed = false;
  const { promise: over, resolve: tellOver } = Promise.withResolvers<void>();
  const settle = (): void => {
    if (isDestroyed && hasEnded && isOver) forget(stream);
  };
  const options: DuplexOptions & Directed = {
    readable: direction !== "out",
    writable: direction !== "in",
    allowHalfOpen: true,
    emitClose: true,
    read: () => incoming.resume((chunk) => duplex.push(chunk)),
    write: (chunk: Buffer, _, done) => outgoing.write(chunk, done),
    final: (done) => {
      hasEnded = true;
      send(stream, kinds.end, nothing);
      done();
    },
    destroy: (error, done) => {
      isDestroyed = true;
      // The other side is told, unless both have said all there is.
      if (!hasEnded || !isOver) send(stream, kinds.close, nothing);
      hasEnded = true;
      incoming.drop();
      outgoing.drop();
      settle();
      done(error);
    },
  };
  const duplex = new Duplex(options);
  duplex.on("error", () => undefined);
  return {
    duplex,
    over,
    grant: incoming.grant,
    finish: () => {
      hasEnded = true;
      isOver = true;
      tellOver();
      incoming.end();
      if (direction !== "in") duplex.destroy();
    },
    take: ({ kind, payload }) => {
      if (kind === kinds.credit) return outgoing.take(payload);
      if (kind === kinds.data) return isOver ? "data after its end" : incoming.take(payload);
      if (isOver && kind === kinds.end) return "a second end";
      isOver = true;
      tellOver();
      if (kind === kinds.end) incoming.end();
      else duplex.destroy();
      settle();
      return null;
    },
  };
}

/** What comes waits here until somebody reads; then it is given back as credit. */
function createIncoming(stream: number, send: Send) {
  let left = windowBytes;
  let read = 0;
  let waiting: (Buffer | null)[] = [];
  let push: ((chunk: Buffer | null) => boolean) | null = null;
  let isDropped = false;
  const giveBack = (bytes: number): void => {
    read += bytes;
    if (read < creditBytes || isDropped) return;
    const credit = Buffer.alloc(4);
    credit.writeUInt32LE(read);
    left += read;
    read = 0;
    send(stream, kinds.credit, credit);
  };
  const flow = (): void => {
    while (push !== null && waiting.length > 0) {
      const chunk = waiting.shift()!;
      const into = push;
      if (!into(chunk)) push = null;
      if (chunk !== null) giveBack(chunk.length);
    }
  };
  return {
    resume: (into: (chunk: Buffer | null) => boolean): void => {
      push = into;
      flow();
    },
    take: (payload: Buffer): string | null => {
      left -= payload.length;
      if (left < 0) return "more than there was room for";
      // A part of a frame would keep all that came with it.
      if (!isDropped && payload.length > 0) waiting.push(Buffer.from(payload));
      flow();
      return null;
    },
    end: (): void => {
      waiting.push(null);
      flow();
    },
    grant: (bytes: number): void => {
      const credit = Buffer.alloc(4);
      credit.writeUInt32LE(bytes);
      left += bytes;
      send(stream, kinds.credit, credit);
    },
    drop: (): void => {
      isDropped = true;
      waiting = [];
    },
  };
}

function createOutgoing(stream: number, send: Send) {
  let credit = windowBytes;
  let rest: Buffer = Buffer.alloc(0);
  let done: (() => void) | null = null;
  const flow = (): void => {
    while (credit > 0 && rest.length > 0) {
      const part = rest.subarray(0, Math.min(credit, mostPiece));
      rest = rest.subarray(part.length);
      credit -= part.length;
      send(stream, kinds.data, part);
    }
    if (rest.length > 0 || done === null) return;
    const tell = done;
    done = null;
    tell();
  };
  return {
    write: (chunk: Buffer, tell: () => void): void => {
      rest = chunk;
      done = tell;
      flow();
    },
    take: (payload: Buffer): string | null => {
      const granted = payload.length === 4 ? payload.readUInt32LE(0) : 0;
      credit += granted;
      if (granted === 0 || credit > mostCredit) return "credit that nobody gives";
      flow();
      return null;
    },
    drop: (): void => {
      rest = Buffer.alloc(0);
      done = null;
    },
  };
}

/** The window, and what is given at the end of a program so that all it said gets through. */
export const lastBytes = 512 * 1024;
const mostCredit = windowBytes + lastBytes;
