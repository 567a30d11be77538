import { expect, test } from "vitest";
import type { SandboxSpec } from "../../../ports/sandbox.ts";
import { createManualClock } from "../../../ports/manual-clock.ts";
import { createSeededRandom } from "../../../ports/seeded-random.ts";
import { MachineDriver } from "./machine-driver.ts";

const spec: SandboxSpec = {
  command: ["true"],
  environment: {},
  directory: null,
  mounts: [],
  limits: { memoryBytes: 1, processes: 2, cpuMillis: 3, scratchBytes: 4_096, openFiles: 5 },
  onConnection: null,
  authority: null,
};

const open = () =>
  new MachineDriver(
    {
      name: "none",
      findProgram: () => Promise.reject(new Error("the disk does not answer")),
      createEngine: () => {
        throw new Error("nothing runs machines here");
      },
    },
    {
      clock: createManualClock(0),
      random: createSeededRandom(1),
      hidden: [],
      uids: { first: 70_000, count: 2 },
      nodePath: process.execPath,
      path: "/nowhere",
      image: "/nowhere",
      directory: "/nowhere",
      note: () => undefined,
    },
  );

test("a host that cannot be read is a sandbox that failed, and a tier that is missing", async () => {
  const driver = open();
  await expect(driver.start(spec)).rejects.toMatchObject({ code: "sandbox_failed" });
  expect(await driver.probe()).toMatchObject({ kind: "missing", fix: null });
});
