/** A stream cut into pieces: how many bytes as four bytes, the highest first, then the bytes. */
const headBytes = 4;

export interface ReadFrames {
  /** Those that the chunk completes. */
  readonly frames: readonly Uint8Array[];
  /** What comes then is no frame, or a larger one than may be: nothing after it can be read. */
  readonly isBroken: boolean;
}

/** Holds one frame at most. */
export function createFrameReader(mostBytes: number): (chunk: Uint8Array) => ReadFrames {
  const head = new Uint8Array(headBytes);
  let headFilled = 0;
  let body: Uint8Array | null = null;
  let bodyFilled = 0;
  let isBroken = false;

  /** Whether the length that has come is one. */
  function open(): boolean {
    const length = new DataView(head.buffer).getUint32(0);
    if (length === 0 || length > mostBytes) return false;
    body = new Uint8Array(length);
    bodyFilled = 0;
    return true;
  }

  return (chunk) => {
    const frames: Uint8Array[] = [];
    for (let at = 0; at < chunk.length && !isBroken;) {
      if (body === null) {
        const part = chunk.subarray(at, at + headBytes - headFilled);
        head.set(part, headFilled);
        headFilled += part.length;
        at += part.length;
        if (headFilled === headBytes) isBroken = !open();
        continue;
      }
      const part = chunk.subarray(at, at + body.length - bodyFilled);
      body.set(part, bodyFilled);
      bodyFilled += part.length;
      at += part.length;
      if (bodyFilled < body.length) continue;
      frames.push(body);
      body = null;
      headFilled = 0;
    }
    return { frames, isBroken };
  };
}

/** What stands before the bytes of a frame that begins with its kind. */
export function toFrameHead(kind: number, bytes: number): Uint8Array {
  const head = new Uint8Array(headBytes + 1);
  new DataView(head.buffer).setUint32(0, bytes + 1);
  head[headBytes] = kind;
  return head;
}
