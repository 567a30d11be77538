import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { clearShared, toShared } from "./clear-shared.ts";

test("what a run that was killed had made for all its files is taken away, what one that runs has made is not", () => {
  const parent = mkdtempSync(path.join(tmpdir(), "cs-clear-"));
  onTestFinished(() => rmSync(parent, { recursive: true, force: true }));
  const { pid: ended } = spawnSync(process.execPath, ["--version"]);
  for (const pid of [ended, process.pid]) {
    mkdirSync(path.join(toShared(parent, pid), "made"), { recursive: true });
    writeFileSync(path.join(toShared(parent, pid), "made", "PG_VERSION"), "18");
  }
  mkdirSync(path.join(parent, "cs-shared-with-somebody"));
  clearShared(parent);
  const mine = path.basename(toShared(parent, process.pid));
  expect(readdirSync(parent).toSorted()).toEqual([mine, "cs-shared-with-somebody"].toSorted());
});
