import { chmod, lstat } from "node:fs/promises";
import path from "node:path";
import { Fault } from "../../../model/index.ts";
import type { Missing } from "../host/find-programs.ts";
import { openArchive } from "./archive.ts";
import { unpackPackage } from "./merge-package.ts";
import { inStaging, moveInto, openDirectory } from "./staging.ts";
import type { Workshop } from "./workshop.ts";

/** Debian's stable release of 2023 has one of 2022, which cannot do what the driver asks of it. */
const sources = ["http://deb.debian.org/debian bookworm-backports main"];
const oldest = 20240729;

export interface MadeProgram {
  readonly kind: "made";
  readonly path: string;
  readonly version: string;
}

/** gVisor's `runsc`, one static program, from Debian's signed archive. */
export async function setupRunsc(workshop: Workshop): Promise<MadeProgram | Missing> {
  const closed = await openDirectory(workshop.directory);
  if (closed !== null) return closed;
  return inStaging(workshop, async (staging) => {
    const archive = await openArchive(workshop, { state: path.join(staging, "apt"), sources });
    if ("kind" in archive) return archive;
    const { locked } = await archive.look("runsc");
    const [, date = ""] = /^0\.0~(\d{8})\./.exec(locked.version) ?? [];
    if (!(Number(date) >= oldest))
      throw new Fault(
        "setup_failed",
        `The archive has runsc ${locked.version}, and ${oldest} or newer is needed.`,
      );
    const file = (await archive.fetch([locked])).get("runsc") ?? "";
    const unpacked = path.join(staging, "unpacked");
    workshop.onStep(`unpacking runsc ${locked.version}`);
    await unpackPackage({ file, folder: unpacked, path: workshop.path });
    const made = path.join(unpacked, "usr", "bin", "runsc");
    if (!(await lstat(made)).isFile())
      throw new Fault("setup_failed", "The package of runsc holds no program of that name.");
    await chmod(made, 0o755);
    const place = path.join(workshop.directory, "bin", "runsc");
    await moveInto(place, made);
    return { kind: "made", path: place, version: locked.version };
  });
}
