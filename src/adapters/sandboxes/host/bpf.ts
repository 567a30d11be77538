/** One instruction of classic BPF, as the kernel takes it for seccomp. */
export interface Instruction {
  readonly code: number;
  /** Instructions to skip where the comparison holds, and where it does not. */
  readonly jt: number;
  readonly jf: number;
  readonly k: number;
}

const plain = (code: number, k: number): Instruction => ({ code, jt: 0, jf: 0, k });

/** Loads a 32-bit word of `struct seccomp_data`. */
export const load = (offset: number): Instruction => plain(0x20, offset);
export const mask = (bits: number): Instruction => plain(0x54, bits);
export const answer = (verdict: number): Instruction => plain(0x06, verdict);

type Jump = (k: number, jt: number, jf: number) => Instruction;
export const ifEqual: Jump = (k, jt, jf) => ({ code: 0x15, jt, jf, k });
export const ifAtLeast: Jump = (k, jt, jf) => ({ code: 0x35, jt, jf, k });
export const ifAnyBit: Jump = (k, jt, jf) => ({ code: 0x45, jt, jf, k });

/** What the kernel takes; a program that is longer it refuses. */
const mostInstructions = 4_096;
const instructionBytes = 8;

/** The bytes of an array of `struct sock_filter`: little-endian, as both architectures are. */
export function assemble(program: readonly Instruction[]): Uint8Array {
  if (program.length > mostInstructions)
    throw new Error("a filter is longer than the kernel takes");
  const bytes = new DataView(new ArrayBuffer(program.length * instructionBytes));
  program.forEach(({ code, jt, jf, k }, index) => {
    const at = index * instructionBytes;
    if (jt > 255 || jf > 255) throw new Error("a filter jumps further than it can");
    bytes.setUint16(at, code, true);
    bytes.setUint8(at + 2, jt);
    bytes.setUint8(at + 3, jf);
    bytes.setUint32(at + 4, k >>> 0, true);
  });
  return new Uint8Array(bytes.buffer);
}
