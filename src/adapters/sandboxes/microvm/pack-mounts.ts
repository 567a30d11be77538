import { open } from "node:fs/promises";
import path from "node:path";
import type { Clock } from "../../../ports/clock.ts";
import type { Mount } from "../../../ports/sandbox.ts";
import { fail, isWithin } from "../host/fail.ts";
import { findCovers, judgeMounts } from "../host/judge-mounts.ts";
import type { Instance } from "./instances.ts";
import { launch, type Seen } from "./launch.ts";
import { Machine } from "./machine.ts";
import type { Host } from "./read-host.ts";
import { inside } from "./shape.ts";

/** The disk of mounts is of one size, since a machine that goes on from a snapshot knows it already. */
const packBytes = 1024 * 1024 * 1024;
/** As small as files of programs are: so that many fit. */
const bytesPerFile = 8 * 1024;
const packMs = 120_000;
/** Without a journal, which nobody writes, and with nothing kept for root. */
const fileSystem = `-q -F -t ext4 -O ^has_journal -m 0 -i ${bytesPerFile} -E root_owner=0:0`.split(
  " ",
);

export interface Packing {
  readonly host: Host;
  readonly instance: Instance;
  readonly hidden: readonly string[];
  readonly clock: Clock;
}

/**
 * Writes what a program is to read into a disk image of its own, as a user that owns nothing of it and in
 * the machine's group: what that user cannot read is told, and nothing is in the image that is hidden.
 */
export async function packMounts(mounts: readonly Mount[], packing: Packing): Promise<string> {
  const { host, instance, hidden, clock } = packing;
  // A template may have been made since they were judged, which takes long enough to change them.
  await judgeMounts(mounts);
  const file = path.join(instance.directory, "pack");
  await makeEmptyPack(file);
  const covers = await findCovers(hidden, { placed: [], mounts }, instance.uid);
  const seen: readonly Seen[] = [
    { kind: "write", source: instance.directory, path: inside.machine },
    ...toOutermost(mounts).map((source): Seen => ({
      kind: "read",
      source,
      path: `${inside.pack}${source}`,
    })),
    ...covers.map((one): Seen =>
      one.kind === "directory"
        ? { kind: "empty", path: `${inside.pack}${one.path}` }
        : { kind: "read", source: "/dev/null", path: `${inside.pack}${one.path}` },
    ),
  ];
  const child = launch({
    programs: host.programs,
    system: host.system,
    groups: instance.group.directories,
    become: instance.become,
    seen,
    command: [host.programs.mke2fs, ...fileSystem, "-d", inside.pack, `${inside.machine}/pack`],
    stdio: ["ignore", "ignore", "pipe"],
  });
  // Ended as a machine is: what it reads may lie on a disk that does not answer.
  const { group } = instance;
  const packer = new Machine({ child, group, clock, remove: () => instance.remove() });
  const done = new AbortController();
  clock.sleep(packMs, done.signal).then(
    () => packer.kill(),
    () => undefined,
  );
  const { code } = await packer.exited;
  done.abort();
  if (code !== 0) throw fail(toReason(packer.said));
  return file;
}

/** All of it is room that takes none. */
export async function makeEmptyPack(file: string): Promise<void> {
  const handle = await open(file, "w", 0o644);
  try {
    await handle.truncate(packBytes);
    await handle.chmod(0o666);
  } finally {
    await handle.close();
  }
}

/** A mount within another one is in it already: all of them are only read. */
function toOutermost(mounts: readonly Mount[]): readonly string[] {
  const paths = [...new Set(mounts.map((mount) => mount.path))];
  return paths.filter((one) => !paths.some((other) => other !== one && isWithin(one, other)));
}

function toReason(said: string): string {
  if (/could not allocate|no free space|no space left/i.test(said))
    return `The mounts of a sandbox in a machine hold ${packBytes / 1024 / 1024} MiB at most, and these hold more.`;
  const last = said.split("\n").at(-1) ?? "";
  return `The mounts cannot be given to a machine (${last.replaceAll(inside.pack, "").slice(0, 300) || "it took too long"}).`;
}
