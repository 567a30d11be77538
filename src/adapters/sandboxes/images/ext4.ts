import { lstat, open, writeFile, type FileHandle } from "node:fs/promises";
import path from "node:path";
import { Fault } from "../../../model/index.ts";
import { listTree } from "./list-tree.ts";
import { runTool } from "./run-tool.ts";

export interface Ext4Wish {
  readonly tree: string;
  readonly file: string;
  /** The path of `mke2fs`. */
  readonly program: string;
  /** For what is needed meanwhile. */
  readonly staging: string;
}

/** Everything that would differ from one time to the next. The numbers mean nothing. */
const identity = "c0de51f7-0000-4000-8000-000000000001";
const makeMs = 300_000;
const block = 4096;
const inodeBytes = 256;
/** What reading needs; without a journal and checksums, since nobody ever writes there. */
const features =
  "none,filetype,extent,flex_bg,sparse_super,large_file,huge_file,dir_nlink,extra_isize";

/** A file system of a directory, which needs no root and no mount. The same tree makes the same bytes. */
export async function makeExt4({ tree, file, program, staging }: Ext4Wish): Promise<void> {
  const { bytes, count } = await measure(tree);
  const inodes = count + 64;
  const size = Math.ceil((bytes + inodes * inodeBytes) * 1.03) + 4 * 1024 * 1024;
  // The host's own configuration would add features.
  const config = path.join(staging, "mke2fs.conf");
  await writeFile(config, "");
  const fixed = ["-U", identity, "-E", `root_owner=0:0,hash_seed=${identity},lazy_itable_init=0`];
  const shape = ["-t", "ext4", "-O", features, "-b", `${block}`, "-I", `${inodeBytes}`];
  await runTool({
    program,
    args: ["-q", "-F", ...shape, "-N", `${inodes}`, "-m", "0", ...fixed, "-d", tree, file].concat(
      `${Math.ceil(size / block)}`,
    ),
    // The first name is what e2fsprogs before 1.47.1 reads.
    environment: { E2FSPROGS_FAKE_TIME: "1", SOURCE_DATE_EPOCH: "1", MKE2FS_CONFIG: config },
    directory: staging,
    withinMs: makeMs,
  });
  const handle = await open(file, "r+");
  try {
    await settleInodes(handle);
  } finally {
    await handle.close();
  }
}

async function measure(tree: string): Promise<{ readonly bytes: number; readonly count: number }> {
  const names = await listTree(tree);
  let bytes = 0;
  for (const name of names) {
    const stats = await lstat(path.join(tree, name));
    bytes += stats.isFile() ? Math.ceil(stats.size / block) * block : block;
  }
  return { bytes, count: names.length };
}

/** In bytes from the begin of the superblock, of a group and of an inode. */
const at = {
  superblock: { inodes: 0x00, blockSize: 0x18, inodesOfGroup: 0x28, magic: 0x38, inode: 0x58 },
  group: { bytes: 32, inodeTable: 0x08 },
  owners: [0x02, 0x18, 0x78, 0x7a],
  times: [0x08, 0x0c, 0x10, 0x84, 0x88, 0x8c, 0x90, 0x94],
};

/**
 * `mke2fs` takes over who owned files here, and when they were last touched. In the image everything
 * is root's, of no time.
 */
async function settleInodes(file: FileHandle): Promise<void> {
  const superblock = await readAt(file, 1024, 1024);
  const word = (place: number): number => superblock.readUInt32LE(place);
  if (
    superblock.readUInt16LE(at.superblock.magic) !== 0xef53 ||
    word(at.superblock.blockSize) !== 2
  )
    throw new Fault(
      "setup_failed",
      "What `mke2fs` has made is not the file system that was asked for.",
    );
  const perGroup = word(at.superblock.inodesOfGroup);
  const groups = Math.ceil(word(at.superblock.inodes) / perGroup);
  const table = await readAt(file, block, groups * at.group.bytes);
  for (let group = 0; group < groups; group += 1) {
    const start = table.readUInt32LE(group * at.group.bytes + at.group.inodeTable) * block;
    const inodes = await readAt(file, start, perGroup * inodeBytes);
    for (let inode = 0; inode < inodes.length; inode += inodeBytes) {
      for (const place of at.owners) inodes.writeUInt16LE(0, inode + place);
      for (const place of at.times) inodes.writeUInt32LE(0, inode + place);
    }
    await file.write(inodes, 0, inodes.length, start);
  }
}

async function readAt(file: FileHandle, start: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, start);
  if (bytesRead !== length) throw new Fault("setup_failed", "The file system is cut short.");
  return buffer;
}
