/** Bytes that come in pieces, however small: what it takes is at most twice what is in it. */
export interface ByteBuffer {
  readonly size: number;
  add(bytes: Uint8Array): void;
  /** A copy that is exactly as long. */
  toBytes(): Uint8Array;
}

const leastBytes = 256;

export function createByteBuffer(): ByteBuffer {
  let held = new Uint8Array(0);
  let size = 0;
  return {
    get size() {
      return size;
    },
    add: (bytes) => {
      if (size + bytes.length > held.length) {
        const wider = new Uint8Array(Math.max(leastBytes, (size + bytes.length) * 2));
        wider.set(held.subarray(0, size));
        held = wider;
      }
      held.set(bytes, size);
      size += bytes.length;
    },
    toBytes: () => held.slice(0, size),
  };
}
