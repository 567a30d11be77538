/**
 * A program of a few instructions, since neither Node nor a shell can ask a device for anything. From its
 * input (a `struct timespec`, then a `struct rand_pool_info`) it sets the clock (`clock_settime`), credits
 * the kernel with chance (`RNDADDENTROPY` on /dev/urandom) and has it drawn anew (`RNDRESEEDCRNG`). Its
 * status is the number of the first error.
 *
 *     read(0, room, 512); clock_settime(0, room) or end; fd = open("/dev/urandom", O_RDWR)
 *     ioctl(fd, 0x40085203, room + 16) or end; ioctl(fd, 0x5207, 0); exit
 */
const code =
  "4881ec0002000031ff4889e6ba0002000031c00f0531ff4889e6b8e30000000f05" +
  "85c0753c488d3d40000000be02000000b8020000000f0589c389dfbe0352084048" +
  "8d542410b8100000000f0585c0751089dfbe0752000031d2b8100000000f0589c7" +
  "f7dfb83c0000000f052f6465762f7572616e646f6d00";

const address = 0x400000n;
const headerBytes = 64;
const segmentBytes = 56;

/** An executable of one segment, for x86-64. */
export function toReseedProgram(): Buffer {
  const text = Buffer.from(code, "hex");
  const head = Buffer.alloc(headerBytes + segmentBytes);
  const size = BigInt(head.length + text.length);
  Buffer.from("7f454c46020101", "hex").copy(head);
  head.writeUInt16LE(2, 16);
  head.writeUInt16LE(62, 18);
  head.writeUInt32LE(1, 20);
  head.writeBigUInt64LE(address + BigInt(head.length), 24);
  head.writeBigUInt64LE(BigInt(headerBytes), 32);
  head.writeUInt16LE(headerBytes, 52);
  head.writeUInt16LE(segmentBytes, 54);
  head.writeUInt16LE(1, 56);
  // To be read and run, at its address, all of the file.
  head.writeUInt32LE(1, 64);
  head.writeUInt32LE(5, 68);
  head.writeBigUInt64LE(address, 80);
  head.writeBigUInt64LE(address, 88);
  head.writeBigUInt64LE(size, 96);
  head.writeBigUInt64LE(size, 104);
  head.writeBigUInt64LE(0x1000n, 112);
  return Buffer.concat([head, text]);
}
