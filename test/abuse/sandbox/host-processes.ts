import { readdirSync, readFileSync } from "node:fs";

/** A process as the host sees it. */
export interface HostProcess {
  readonly pid: number;
  readonly uid: number;
  readonly groups: readonly string[];
}

/** Those that have these words in their command, and still run. */
export function findByCommand(words: string): readonly HostProcess[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const of = (file: string): string => readFileSync(`/proc/${name}/${file}`, "utf8");
        const status = of("status");
        // What is dead has no command any more, until somebody asks how it ended.
        if (!of("cmdline").includes(words) || /^State:\s+[ZX]/m.test(status)) return [];
        const uid = Number(/^Uid:\s+(\d+)/m.exec(status)?.[1]);
        const groups = of("cgroup").trim().split("\n");
        return [{ pid: Number(name), uid, groups }];
      } catch {
        // It ended meanwhile.
        return [];
      }
    });
}
