import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { createQuickjsDriver } from "../../src/adapters/sandboxes/quickjs/driver.ts";
import type { GroupPlaces } from "../../src/adapters/sandboxes/host/group-places.ts";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { systemRandom } from "../../src/adapters/system/system-random.ts";
import type { SandboxSpec } from "../../src/ports/sandbox.ts";
import { collectSandbox } from "./sandbox.ts";
import { plainSpec } from "./sandbox-spec.ts";

const isRoot = process.getuid?.() === 0;

/** Each file of tests has users of its own, so that none sees what another one runs. */
export function createQuickjsUnderTest(
  firstUid: number,
  change: { readonly findGroups?: () => GroupPlaces; readonly path?: string } = {},
) {
  const uids = { first: firstUid, count: 100 };
  const driver = createQuickjsDriver({
    clock: systemClock,
    random: systemRandom,
    uids: isRoot ? uids : null,
    nodePath: process.execPath,
    path: `${path.dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin`,
    ...change,
  });
  const limits = {
    memoryBytes: 32 * 1024 * 1024,
    processes: 1,
    cpuMillis: 2_000,
    scratchBytes: 0,
    openFiles: 0,
  };
  const start = (code: string, spec: Partial<SandboxSpec> = {}) =>
    driver.start({ ...plainSpec, limits, command: ["javascript", code], ...spec });
  /** To its end, or to the moment in which it is killed. */
  async function run(
    code: string,
    { input = "", killAfterMs = 20_000, memoryBytes = limits.memoryBytes } = {},
  ) {
    const sandbox = await start(code, { limits: { ...limits, memoryBytes } });
    const timer = setTimeout(() => sandbox.kill(), killAfterMs);
    const ended = await collectSandbox(sandbox, input);
    clearTimeout(timer);
    return ended;
  }
  return { driver, start, run, limits, findProcesses: () => findProcesses(uids) };
}

/** Those of its users; where there are none, by what only they are called. */
function findProcesses({ first, count }: { first: number; count: number }): readonly string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const status = readFileSync(`/proc/${pid}/status`, "utf8");
        const command = readFileSync(`/proc/${pid}/cmdline`, "utf8");
        const uid = Number(/^Uid:\s+(\d+)/m.exec(status)?.[1]);
        const isOurs = isRoot
          ? uid >= first && uid < first + count
          : command.includes("--permission") && command.includes("quickjs/child");
        return isOurs && !/^State:\s+Z/m.test(status) ? [`${pid} ${command}`] : [];
      } catch {
        return [];
      }
    });
}
