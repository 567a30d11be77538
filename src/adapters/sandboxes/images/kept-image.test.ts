import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { toDigest } from "../../../model/index.ts";
import { describeImage, readKept } from "./kept-image.ts";

const one = {
  name: "bash",
  version: "5.2",
  architecture: "amd64",
  sha256: "a".repeat(64),
  bytes: 1,
};
const wanted = { recipe: toDigest("recipe"), lock: [one] };

async function makeImage() {
  const folder = mkdtempSync(path.join(tmpdir(), "kept-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const place = path.join(folder, "image");
  mkdirSync(place);
  writeFileSync(path.join(place, "kernel"), "a kernel");
  writeFileSync(path.join(place, "root.ext4"), "a root");
  const kept = await describeImage(place, wanted);
  return { place, kept, aside: path.join(folder, "aside"), text: path.join(place, "image.json") };
}

test("what is as it was written down is kept", async () => {
  const { place, kept, aside } = await makeImage();
  expect(Object.keys(kept.files)).toEqual(["kernel", "root.ext4"]);
  expect(await readKept(place, wanted, aside)).toEqual(kept);
});

test.each([
  ["a newer package", { ...wanted, lock: [{ ...one, version: "5.3" }] }],
  ["the same version of other bytes", { ...wanted, lock: [{ ...one, sha256: "b".repeat(64) }] }],
  ["another recipe", { ...wanted, recipe: toDigest("another") }],
])("for %s it is not what is wanted, and stays", async (_, other) => {
  const { place, aside } = await makeImage();
  expect(await readKept(place, other, aside)).toBe(null);
  expect(existsSync(place)).toBe(true);
});

test.each<[string, (image: { readonly place: string; readonly text: string }) => void]>([
  ["a byte more", ({ place }) => writeFileSync(path.join(place, "kernel"), "a kernel!")],
  ["a file less", ({ place }) => rmSync(path.join(place, "root.ext4"))],
  ["a text that is cut", ({ text }) => writeFileSync(text, readFileSync(text).subarray(0, 99))],
  [
    "digests of other files",
    ({ text }) =>
      writeFileSync(text, readFileSync(text, "utf8").replace("root.ext4", "image.json")),
  ],
  [
    "a path that leads elsewhere",
    ({ text }) =>
      writeFileSync(text, readFileSync(text, "utf8").replace("root.ext4", "../root.ext4")),
  ],
])("with %s it goes out of the way", async (_, spoil) => {
  const image = await makeImage();
  spoil(image);
  expect(await readKept(image.place, wanted, image.aside)).toBe(null);
  expect([existsSync(image.place), existsSync(image.aside)]).toEqual([false, true]);
});

test("where there is none, there is none", async () => {
  const { place, aside } = await makeImage();
  expect(await readKept(path.join(place, "elsewhere"), wanted, aside)).toBe(null);
});
