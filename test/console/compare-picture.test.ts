import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { PNG } from "pngjs";
import { expect, onTestFinished, test } from "vitest";
import { comparePicture } from "./compare-picture.ts";

/** A page that looks like this for ever: grey, with so many black points at its beginning. */
function toPage(size: number, black: number) {
  const png = new PNG({ width: size, height: size });
  png.data.fill(200);
  png.data.fill(0, 0, black * 4);
  const taken = PNG.sync.write(png);
  return { screenshot: async () => taken, waitForTimeout: async () => undefined };
}

function openFolder() {
  const folder = mkdtempSync(path.join(tmpdir(), "pictures-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

test("a picture that is not there is wrong, and takes none in its place", async () => {
  const place = path.join(openFolder(), "inbox.light.png");
  expect(await comparePicture(toPage(100, 0), { place, updates: false })).toContain(
    "there is no inbox.light.png",
  );
  expect(existsSync(place)).toBe(false);
});

test("what differs by more than edges of letters, or has another size, is wrong", async () => {
  const place = path.join(openFolder(), "new", "inbox.light.png");
  expect(await comparePicture(toPage(100, 0), { place, updates: true })).toBeNull();
  const compare = (size: number, black: number) =>
    comparePicture(toPage(size, black), { place, updates: false });
  expect(await compare(100, 0)).toBeNull();
  expect(await compare(100, 90)).toBeNull();
  expect(await compare(99, 0)).toContain("100 x 100, and is 99 x 99");
  expect(existsSync(place.replace(".png", ".difference.png"))).toBe(false);
  expect(await compare(100, 500)).toContain("0.05 of it differs");
  expect(existsSync(place.replace(".png", ".difference.png"))).toBe(true);
});
