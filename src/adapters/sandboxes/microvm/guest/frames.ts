/**
 * How a machine's guest and its host talk: length (u32), stream (u32), kind (u8), payload. Both ends read
 * frames by this; whoever gets one that cannot be has a peer that is broken or hostile.
 */
export const kinds = {
  ready: 1,
  attach: 2,
  attached: 3,
  start: 4,
  started: 5,
  refused: 6,
  signal: 7,
  ended: 8,
  data: 9,
  end: 10,
  close: 11,
  credit: 12,
  open: 13,
} as const;

/** Streams by their numbers; connections follow, each with a number of its own. */
export const streams = { control: 0, stdin: 1, stdout: 2, stderr: 3, firstConnection: 16 } as const;

export interface Frame {
  readonly stream: number;
  readonly kind: number;
  readonly payload: Buffer;
}

const headBytes = 9;
const lengthBytes = 4;
/** Of a payload. What a program is started with has to fit, and its variables are bounded by the kernel. */
export const mostPayload = 2 * 1024 * 1024;
export const mostPiece = 32 * 1024;

export function toFrame(stream: number, kind: number, payload: Uint8Array): Buffer {
  const frame = Buffer.alloc(headBytes + payload.length);
  frame.writeUInt32LE(headBytes - lengthBytes + payload.length, 0);
  frame.writeUInt32LE(stream, lengthBytes);
  frame[headBytes - 1] = kind;
  frame.set(payload, headBytes);
  return frame;
}

export interface FrameReading {
  /** The longest payload of a kind; null: there is no such kind. */
  readonly most: (kind: number) => number | null;
  readonly take: (frame: Frame) => void;
  /** Nothing more is read after it. */
  readonly breach: (reason: string) => void;
}

/** Holds no more than one frame of the longest kind and the bytes that came with its end. */
export function createFrameReader({ most, take, breach }: FrameReading): (chunk: Buffer) => void {
  let held: Buffer = Buffer.alloc(0);
  let isBroken = false;
  const fail = (reason: string): void => {
    isBroken = true;
    held = Buffer.alloc(0);
    breach(reason);
  };
  return (chunk) => {
    if (isBroken) return;
    held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    while (held.length >= headBytes) {
      const length = held.readUInt32LE(0);
      const kind = held[headBytes - 1]!;
      const bound = most(kind);
      if (bound === null) return fail(`a frame of the unknown kind ${kind}`);
      const size = length - (headBytes - lengthBytes);
      if (size < 0 || size > bound) return fail(`a frame of kind ${kind} with ${size} bytes`);
      if (held.length < headBytes + size) return;
      const stream = held.readUInt32LE(lengthBytes);
      const payload = held.subarray(headBytes, headBytes + size);
      held = held.subarray(headBytes + size);
      take({ stream, kind, payload });
      if (isBroken) return;
    }
  };
}
