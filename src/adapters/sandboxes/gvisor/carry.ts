import { Duplex } from "node:stream";
import { createFrameReader } from "../../../lib/frames.ts";
import { fail } from "../host/fail.ts";
import { mostConnections, type Outlet } from "../host/outlet.ts";

/** What `boot.ts` says and is told. */
const kinds = { up: 1, begin: 2, open: 3, bytes: 4, more: 5, end: 6, close: 7 } as const;
const headBytes = 5;
/** Of one connection and direction, on its way and not yet taken. */
const windowBytes = 64 * 1024;
/** All windows together, and as much for what goes around them. */
const mostUnreadBytes = 2 * mostConnections * windowBytes;

export interface Carrying {
  /** What the program is given, which starts once its way out is there. */
  readonly environment: Readonly<Record<string, string>>;
  readonly onConnection: (socket: Duplex) => void;
}

/**
 * Takes connections from our own part of a sandbox, many over one channel, each with a window so that none
 * waits for another. Whoever breaks these rules is hung up on.
 */
export function carryConnections(channel: Duplex, carrying: Carrying): Promise<Outlet> {
  return new Promise((resolve, reject) => {
    const carried = new Map<number, Carried>();
    const hangUp = (): void => {
      channel.destroy();
      for (const one of carried.values()) one.destroy();
    };
    const send: Send = (kind, id, bytes) => {
      if (channel.destroyed) return;
      channel.write(toFrame(kind, id, bytes));
      if (channel.writableLength > mostUnreadBytes) hangUp();
    };
    let isUp = false;
    const start = (): boolean => {
      if (isUp) return false;
      isUp = true;
      send(kinds.begin, 0, Buffer.from(JSON.stringify(carrying.environment)));
      resolve({ close: hangUp });
      return true;
    };
    const open = (id: number): boolean => {
      if (!isUp || carried.has(id)) return false;
      if (carried.size >= mostConnections) {
        send(kinds.close, id);
        return true;
      }
      const one = new Carried(id, send, () => void carried.delete(id));
      carried.set(id, one);
      decide(one, carrying.onConnection);
      return true;
    };
    const take = (frame: Uint8Array): boolean => {
      if (frame.length < headBytes) return false;
      const bytes = Buffer.from(frame.buffer, frame.byteOffset, frame.length);
      const kind = bytes.readUInt8(0);
      const id = bytes.readUInt32BE(1);
      if (kind === kinds.up) return start();
      if (kind === kinds.open) return open(id);
      // One that was closed here may still be spoken of there.
      return carried.get(id)?.hear(kind, bytes.subarray(headBytes)) ?? isUp;
    };
    const read = createFrameReader(headBytes + windowBytes);
    channel.on("data", (chunk: Buffer) => {
      const { frames, isBroken } = read(chunk);
      if (!frames.every(take) || isBroken) hangUp();
    });
    channel.on("error", () => undefined);
    channel.once("close", () => {
      hangUp();
      reject(fail("The sandbox ended before it could reach its proxy."));
    });
  });
}

type Send = (kind: number, id: number, bytes?: Uint8Array) => void;

function toFrame(kind: number, id: number, bytes: Uint8Array = new Uint8Array(0)): Uint8Array {
  const frame = Buffer.allocUnsafe(4 + headBytes + bytes.length);
  frame.writeUInt32BE(headBytes + bytes.length, 0);
  frame.writeUInt8(kind, 4);
  frame.writeUInt32BE(id, 5);
  frame.set(bytes, 4 + headBytes);
  return frame;
}

function decide(socket: Duplex, onConnection: (socket: Duplex) => void): void {
  socket.on("error", () => undefined);
  try {
    onConnection(socket);
  } catch {
    // Whoever decides on it has failed, so nobody has allowed it.
    socket.destroy();
  }
}

/** One connection of the program's, as whoever decides on it sees it. */
class Carried extends Duplex {
  readonly #id: number;
  readonly #send: Send;
  readonly #onClosed: () => void;
  /** What may still be sent, and what may still come. */
  #credit = windowBytes;
  #allowed = windowBytes;
  /** What has come and nobody has asked for, in one piece: a frame of its own a byte would take far more. */
  #held: Buffer | null = null;
  #heldBytes = 0;
  #isAsked = false;
  #waiting: { rest: Buffer; done: () => void } | null = null;
  #hasEndedThere = false;
  #isClosedThere = false;

  constructor(id: number, send: Send, onClosed: () => void) {
    // Who has said all may still be waiting for the answer.
    // It keeps nothing besides: whoever reads asks for each piece.
    super({ allowHalfOpen: true, readableHighWaterMark: 1 });
    this.#id = id;
    this.#send = send;
    this.#onClosed = onClosed;
  }

  /** False: it has said what it may not. */
  hear(kind: number, bytes: Buffer): boolean {
    if (kind === kinds.bytes) return this.#takeBytes(bytes);
    if (kind === kinds.more && bytes.length === 4) {
      this.#credit += bytes.readUInt32BE(0);
      this.#flush();
      return this.#credit <= windowBytes;
    }
    if (kind === kinds.end) this.#endThere();
    else if (kind === kinds.close) this.#closeThere();
    else return false;
    return true;
  }

  #endThere(): void {
    this.#give();
    this.#hasEndedThere = true;
    this.push(null);
  }

  /** What it has said before is still read here. */
  #closeThere(): void {
    this.#isClosedThere = true;
    if (!this.#hasEndedThere) return void this.destroy();
    const { done } = this.#waiting ?? {};
    this.#waiting = null;
    done?.();
  }

  #takeBytes(bytes: Buffer): boolean {
    if (bytes.length > this.#allowed || this.#hasEndedThere) return false;
    this.#allowed -= bytes.length;
    this.#held ??= Buffer.allocUnsafeSlow(windowBytes);
    this.#heldBytes += bytes.copy(this.#held, this.#heldBytes);
    if (this.#isAsked) this.#give();
    return true;
  }

  override _read(): void {
    this.#isAsked = true;
    this.#give();
  }

  #give(): void {
    const count = this.#heldBytes;
    const held = this.#held;
    if (held === null || count === 0) return;
    this.#held = null;
    this.#heldBytes = 0;
    this.#isAsked = false;
    this.#allowed += count;
    const more = Buffer.alloc(4);
    more.writeUInt32BE(count);
    this.#send(kinds.more, this.#id, more);
    this.push(held.subarray(0, count));
  }

  override _write(chunk: Buffer, _: string, done: () => void): void {
    if (this.#isClosedThere) return done();
    this.#waiting = { rest: chunk, done };
    this.#flush();
  }

  #flush(): void {
    if (this.#waiting === null) return;
    const { rest, done } = this.#waiting;
    const part = rest.subarray(0, this.#credit);
    if (part.length > 0) this.#send(kinds.bytes, this.#id, part);
    this.#credit -= part.length;
    this.#waiting = part.length === rest.length ? null : { rest: rest.subarray(part.length), done };
    if (this.#waiting === null) done();
  }

  override _final(done: () => void): void {
    this.#send(kinds.end, this.#id);
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    if (!this.#isClosedThere) this.#send(kinds.close, this.#id);
    this.#onClosed();
    done(error);
  }
}
