import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, test } from "vitest";
import { fileMode, folderMode, toCpio } from "../host/cpio.ts";
import { toOwnPart } from "./initrd.ts";
import { toReseedProgram } from "./reseed.ts";

test("an archive is a whole number of words, and reads back", () => {
  const entries = [
    { path: "folder", mode: folderMode, bytes: new Uint8Array(0) },
    { path: "folder/a", mode: fileMode, bytes: Buffer.from("text") },
    { path: "folder/odd", mode: fileMode, bytes: Buffer.from("texts") },
  ];
  const archive = toCpio(entries);
  expect(archive.length % 4).toBe(0);
  expect(readNames(archive)).toEqual(["folder", "folder/a", "folder/odd", "TRAILER!!!"]);
});

test("what of a machine is ours has all of it, always with one digest", () => {
  const { archive, digest } = toOwnPart();
  const names = readNames(archive);
  for (const name of ["init", "guest/start", "guest/guest.ts", "guest/frames.ts", "guest/reseed"])
    expect(names).toContain(name);
  expect(names.filter((name) => name.includes(".test."))).toEqual([]);
  expect(toOwnPart().digest).toBe(digest);
});

test.runIf(process.platform === "linux" && process.arch === "x64")(
  "the program that sets time and chance runs, and tells that it may not",
  () => {
    const folder = mkdtempSync(path.join(tmpdir(), "reseed-"));
    const file = path.join(folder, "reseed");
    writeFileSync(file, toReseedProgram());
    chmodSync(file, 0o755);
    // No time can be before all time: whoever runs this, nothing is set.
    const input = Buffer.alloc(64, 0xff);
    let status = 0;
    try {
      execFileSync(file, { input });
    } catch (error) {
      ({ status } = error as { status: number });
    }
    rmSync(folder, { recursive: true });
    expect([1, 22]).toContain(status);
    expect(existsSync(file)).toBe(false);
  },
);

function readNames(archive: Buffer): readonly string[] {
  const names: string[] = [];
  for (let at = 0; at < archive.length;) {
    expect(archive.toString("latin1", at, at + 6)).toBe("070701");
    const field = (index: number): number =>
      Number.parseInt(archive.toString("latin1", at + 6 + 8 * index, at + 14 + 8 * index), 16);
    const [size, length] = [field(6), field(11)];
    names.push(archive.toString("utf8", at + 110, at + 110 + length - 1));
    const body = Math.ceil((at + 110 + length) / 4) * 4;
    at = Math.ceil((body + size) / 4) * 4;
  }
  return names;
}
