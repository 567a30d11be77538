import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { toMadeUpFiles } from "../host/host-root.ts";
import { toSeccompProgram } from "../host/seccomp.ts";
import { x64 } from "../host/syscalls.ts";
import { fileMode, folderMode, programMode, toCpio, type CpioEntry } from "../host/cpio.ts";
import { listenProgram, toInit, toStart } from "./guest/init.ts";
import { virtioModules, vsockModules } from "../host/image.ts";
import { toReseedProgram } from "./reseed.ts";

/** What of a machine is ours: unpacked over the initrd of its image. */
export interface OwnPart {
  readonly archive: Buffer;
  readonly digest: string;
}

/** Who the program is in the machine. */
export const insideId = 65_534;
const folder = fileURLToPath(new URL("guest/", import.meta.url));
const ending = import.meta.url.endsWith(".js") ? ".js" : ".ts";
const isProgram = (name: string): boolean => name.endsWith(ending) && !name.includes(".test.");

/** The guest is source here and compiled where it was built: Node in the machine runs both. */
export function toOwnPart(): OwnPart {
  const text = (file: string, content: string, mode = fileMode): CpioEntry => ({
    path: file,
    mode,
    bytes: Buffer.from(content),
  });
  const start = toStart(`guest${ending}`, "1");
  const entries: readonly CpioEntry[] = [
    text("init", toInit({ modules: virtioModules, vsockModules }), programMode),
    { path: "guest", mode: folderMode, bytes: new Uint8Array(0) },
    { path: "guest/etc", mode: folderMode, bytes: new Uint8Array(0) },
    text("guest/package.json", '{"type":"module"}\n'),
    text("guest/start", start),
    text("guest/listen.py", listenProgram),
    { path: "guest/reseed", mode: programMode, bytes: toReseedProgram() },
    { path: "guest/seccomp", mode: fileMode, bytes: toSeccompProgram(x64) },
    ...Object.entries(toMadeUpFiles(insideId)).map(([file, content]) =>
      text(`guest${file}`, content),
    ),
    ...readdirSync(folder)
      .filter(isProgram)
      .toSorted()
      .map((name) => text(`guest/${name}`, readFileSync(path.join(folder, name), "utf8"))),
  ];
  const archive = toCpio(entries);
  return { archive, digest: createHash("sha256").update(archive).digest("hex") };
}
