import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { createManualClock } from "../../../ports/manual-clock.ts";
import { buildTemplate, type Building } from "./build-template.ts";

const shape = { accelerator: "tcg", memoryMebibytes: 256 } as const;

test.each(["there is no initrd", "no machine can be begun"])(
  "where %s nothing of the instance is left",
  async (lack) => {
    const folder = mkdtempSync(path.join(tmpdir(), "build-template-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    if (lack !== "there is no initrd") writeFileSync(path.join(folder, "initrd"), "of an image");
    const removed: string[] = [];
    const take = (what: string) => () => {
      removed.push(what);
      return Promise.resolve([]);
    };
    const building = {
      engine: {
        boot: () => {
          throw new Error("no process can be started");
        },
      },
      host: { image: { directory: folder } },
      own: { archive: Buffer.from("ours") },
      instance: {
        directory: folder,
        group: { remove: take("group") },
        remove: take("directory"),
      },
      clock: createManualClock(0),
      bootMs: 1_000,
    } as unknown as Building;
    await expect(buildTemplate(shape, folder, building)).rejects.toThrow(/ENOENT|no process/);
    expect(removed).toEqual(["group", "directory"]);
  },
);
