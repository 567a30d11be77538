import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { parseGroupName } from "../../../src/adapters/sandboxes/host/owner.ts";

/** A process as the host sees it. */
export interface HostProcess {
  readonly pid: number;
  readonly uid: number;
  readonly groups: readonly string[];
}

/** Those that have these words in their command, and still run. */
export const findByCommand = (words: string): readonly HostProcess[] =>
  find(({ command }) => command.includes(words));

/** Those in the groups of sandboxes that this server has started, whatever they are called. */
export const findByServer = (pid: number): readonly HostProcess[] =>
  find(({ groups }) => groups.some((line) => parseGroupName(path.basename(line))?.pid === pid));

function find(
  isMeant: (process: HostProcess & { readonly command: string }) => boolean,
): readonly HostProcess[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const of = (file: string): string => readFileSync(`/proc/${name}/${file}`, "utf8");
        const status = of("status");
        // What is dead has no command any more, until somebody asks how it ended.
        if (/^State:\s+[ZX]/m.test(status)) return [];
        const uid = Number(/^Uid:\s+(\d+)/m.exec(status)?.[1]);
        const groups = of("cgroup").trim().split("\n");
        const found = { pid: Number(name), uid, groups };
        return isMeant({ ...found, command: of("cmdline") }) ? [found] : [];
      } catch {
        // It ended meanwhile.
        return [];
      }
    });
}
