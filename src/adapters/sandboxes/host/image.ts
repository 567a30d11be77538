import { readFile, stat } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import type { Missing } from "./find-programs.ts";

/**
 * What a machine is started from, as `sandbox setup` makes it. In its directory:
 *
 * - `kernel`: a Linux kernel for QEMU (bzImage or ELF). `vmlinux`: the same as ELF, for Firecracker; it may
 *   be left out where it is the same file as `kernel`.
 * - `initrd`: an uncompressed cpio archive (newc) with `/bin/busybox` (static), the folders `/dev`, `/proc`,
 *   `/sys` and `/root`, and the kernel's modules in one folder: `/modules/virtio_blk.ko` and so on, all of
 *   `imageModules`, not compressed. It has no `/init`: ours is put after it when a machine is first started
 *   (microvm/initrd.ts), with the guest and everything else of ours, so that an image is of no version of ours.
 * - `root.ext4`: the root file system, without a journal, never written. Programs for tenants, and these for
 *   us: /usr/bin/node, /usr/bin/busybox or /bin/busybox (static), /usr/bin/bwrap, /usr/bin/setpriv,
 *   /usr/bin/prlimit, /usr/bin/python3 (Firecracker's connection begins in it), and the empty folders
 *   /dev, /proc, /sys, /run, /tmp. /bin, /sbin, /lib and /lib64 are links into /usr, as in Debian.
 * - `image.json`: `digest` over all of the above, as SHA-256.
 */
export interface MachineImage {
  readonly kind: "image";
  readonly directory: string;
  readonly digest: string;
}

export const virtioModules = [
  "virtio_ring",
  "virtio",
  "virtio_mmio",
  "virtio_console",
  "virtio_blk",
] as const;
export const vsockModules = [
  "vsock",
  "vmw_vsock_virtio_transport_common",
  "vmw_vsock_virtio_transport",
] as const;
/** What an image has to have, each after those that it needs. */
export const imageModules = [...virtioModules, ...vsockModules] as const;

const imageSchema = z.looseObject({ digest: z.string().regex(/^(sha256:)?[0-9a-f]{64}$/) });
const imageFiles = ["kernel", "initrd", "root.ext4"] as const;

export async function readImage(
  directory: string,
  driver: string,
): Promise<MachineImage | Missing> {
  const missing = (reason: string): Missing => ({
    kind: "missing",
    reason,
    fix: toSetup(driver),
  });
  const read = await readFile(path.join(directory, "image.json"), "utf8").catch(() => null);
  if (read === null) return missing("there is no image of a machine");
  const parsed = imageSchema.safeParse(parseJson(read));
  if (!parsed.success) return missing("the image of the machine cannot be read");
  for (const name of imageFiles) {
    const stats = await stat(path.join(directory, name)).catch(() => null);
    if (stats === null || !stats.isFile())
      return missing(`the image of the machine has no ${name}`);
  }
  const digest = parsed.data.digest.replace("sha256:", "");
  return { kind: "image", directory, digest };
}

/** What makes on this machine what a driver lacks. */
export const toSetup = (driver: string): string => `npx countersign sandbox setup ${driver}`;

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
