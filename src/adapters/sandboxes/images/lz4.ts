import { Fault } from "../../../model/index.ts";

const magic = 0x184c2102;
/** Blocks of this form hold as much at most, unpacked. */
const blockBytes = 8 * 1024 * 1024;

/** Unpacks LZ4's first form, in which kernels are kept. Throws for whatever is not that, whole. */
export function unpackLz4(packed: Buffer, mostBytes: number): Buffer {
  if (packed.length < 8 || packed.readUInt32LE(0) !== magic) throw broken("begins otherwise");
  const blocks: Buffer[] = [];
  let total = 0;
  for (let at = 4; at < packed.length;) {
    if (at + 4 > packed.length) throw broken("ends within a length");
    const end = at + 4 + packed.readUInt32LE(at);
    if (end > packed.length) throw broken("ends within a block");
    const block = unpackBlock(packed.subarray(at + 4, end));
    total += block.length;
    if (total > mostBytes) throw broken("is larger than a kernel");
    blocks.push(block);
    at = end;
  }
  return Buffer.concat(blocks);
}

/** Turns of literal bytes, and of bytes that were there before: how far back, and how many. */
function unpackBlock(from: Buffer): Buffer {
  // A byte of the packed form stands for 255 at most.
  const out = Buffer.alloc(Math.min(blockBytes, from.length * 255));
  let [at, to] = [0, 0];
  const next = (): number => {
    const byte = from[at++];
    if (byte === undefined) throw broken("ends within a block");
    return byte;
  };
  const readLength = (start: number): number => {
    let length = start;
    if (start < 15) return length;
    for (let more = 255; more === 255; length += more) more = next();
    return length;
  };
  while (at < from.length) {
    const token = next();
    const literals = readLength(token >> 4);
    if (at + literals > from.length || to + literals > out.length)
      throw broken("runs over its end");
    from.copy(out, to, at, at + literals);
    at += literals;
    to += literals;
    // The last turn of a block has nothing but literals.
    if (at === from.length) break;
    const back = next() | (next() << 8);
    const length = readLength(token & 15) + 4;
    if (back === 0 || back > to || to + length > out.length) throw broken("runs over its end");
    // Byte by byte where they overlap: what was just written is what is read next.
    if (back >= length) out.copy(out, to, to - back, to - back + length);
    else for (let i = 0; i < length; i += 1) out[to + i] = out[to - back + i]!;
    to += length;
  }
  return out.subarray(0, to);
}

const broken = (what: string): Fault =>
  new Fault("setup_failed", `The kernel cannot be unpacked: it ${what}.`);
