import { Fault } from "../../../model/index.ts";
import { unpackLz4 } from "./lz4.ts";

/** Where the boot protocol of x86 has what is read here. */
const place = { setupSectors: 0x1f1, magic: 0x202, payloadOffset: 0x248, payloadLength: 0x24c };
const bootMagic = 0x53726448;
const elfMagic = Buffer.from("\x7fELF", "latin1");
/** Debian's for clouds are a fifth of it. */
const mostBytes = 256 * 1024 * 1024;

/** The kernel as a plain ELF program, out of the form that unpacks itself. */
export function toVmlinux(image: Buffer): Buffer {
  if (image.length < 0x260 || image.readUInt32LE(place.magic) !== bootMagic)
    throw new Fault("setup_failed", "The kernel is not in the form that PCs boot.");
  const sectors = image[place.setupSectors] || 4;
  const start = (sectors + 1) * 512 + image.readUInt32LE(place.payloadOffset);
  // Its last four bytes say how long it is unpacked.
  const end = start + image.readUInt32LE(place.payloadLength) - 4;
  if (end + 4 > image.length || end <= start)
    throw new Fault("setup_failed", "The kernel ends before what it holds does.");
  const kernel = unpackLz4(image.subarray(start, end), mostBytes);
  if (kernel.length !== image.readUInt32LE(end) || !kernel.subarray(0, 4).equals(elfMagic))
    throw new Fault("setup_failed", "What the kernel holds is not a kernel.");
  return kernel;
}
