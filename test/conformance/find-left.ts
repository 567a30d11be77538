import { readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import {
  controllers,
  findGroupPlaces,
  noGroupPlaces,
} from "../../src/adapters/sandboxes/host/group-places.ts";
import { parseGroupName } from "../../src/adapters/sandboxes/host/owner.ts";
import type { UidRange } from "../../src/adapters/sandboxes/host/uids.ts";

export interface Whose {
  /** Users that only these sandboxes have; null: they run as we do. */
  readonly uids: UidRange | null;
  /** In the command of each of them. */
  readonly words: string;
}

const places = process.platform === "linux" ? findGroupPlaces() : noGroupPlaces;

/** What there is of the sandboxes that these processes have started: groups, folders, mounts and processes. */
export function createFindLeft(whose: Whose) {
  return (servers: readonly number[] = [process.pid]): readonly string[] => {
    const parents = [...controllers.map((one) => places[one]?.parent), places.unified];
    const named = [...new Set([...parents, tmpdir()])].flatMap((parent) =>
      typeof parent !== "string"
        ? []
        : readdirSync(parent)
            .filter((name) => servers.includes(parseGroupName(name)?.pid ?? -1))
            .map((name) => path.join(parent, name)),
    );
    const mounts = readFileSync("/proc/self/mountinfo", "utf8")
      .split("\n")
      .filter((line) => /newroot|oldroot|\/countersign-\d/.test(line));
    return [...named, ...mounts, ...findProcesses(whose)];
  };
}

function findProcesses({ uids, words }: Whose): readonly string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const status = readFileSync(`/proc/${pid}/status`, "utf8");
        const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
        const uid = Number(/^Uid:\s+(\d+)/m.exec(status)?.[1]);
        const isOurs =
          uids === null
            ? uid === process.getuid?.() && command.includes(words)
            : uid >= uids.first && uid < uids.first + uids.count;
        // A dead one waits for whoever asks how it ended; its other threads may live on.
        const threads = Number(/^Threads:\s+(\d+)/m.exec(status)?.[1]);
        const hasEnded =
          /^State:\s+X/m.test(status) || (/^State:\s+Z/m.test(status) && threads <= 1);
        return isOurs && !hasEnded ? [`process ${pid}: ${command}`] : [];
      } catch {
        return [];
      }
    });
}
