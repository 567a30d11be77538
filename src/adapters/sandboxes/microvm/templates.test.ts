import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync, chmodSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createTemplates, type TemplateStore } from "./templates.ts";

let directory: string;
let drafts: string;
let notes: string[];
let builds: number;
let asked = 0;
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), "templates-"));
  drafts = mkdtempSync(path.join(tmpdir(), "templates-"));
  notes = [];
  builds = 0;
});
afterEach(() => {
  // Nothing half-made is left, however a test ends.
  expect(readdirSync(drafts)).toEqual([]);
  for (const folder of [directory, drafts]) rmSync(folder, { recursive: true });
});

const shape = { accelerator: "tcg", memoryMebibytes: 256 } as const;

function open(changes: Partial<TemplateStore> = {}) {
  return createTemplates({
    directory,
    toDraft: () => path.join(drafts, `draft-${(asked += 1)}`),
    base: "an image",
    files: ["snapshot"],
    toShapeKey: (one) => JSON.stringify(one),
    build: (_, into) => {
      builds += 1;
      writeFileSync(path.join(into, "snapshot"), `machine ${builds}`);
      writeFileSync(path.join(into, "pack"), "");
      return Promise.resolve();
    },
    note: (text) => notes.push(text),
    ...changes,
  });
}

function spoil(file: string, text: string): void {
  chmodSync(file, 0o644);
  writeFileSync(file, text);
}

test("one is made for all who ask at once, and found again by the next server", async () => {
  const templates = open();
  const taken = await Promise.all([1, 2, 3].map(() => templates.take(shape)));
  expect(new Set(taken.map((one) => one.directory)).size).toBe(1);
  await open().take(shape);
  expect(builds).toBe(1);
  await open().take({ ...shape, memoryMebibytes: 512 });
  expect(builds).toBe(2);
  expect(notes).toEqual([]);
});

test.each([
  ["is damaged", (place: string) => spoil(path.join(place, "snapshot"), "machine 2")],
  ["is not whole", (place: string) => rmSync(path.join(place, "snapshot"), { force: true })],
  ["is not whole", (place: string) => rmSync(path.join(place, "template.json"), { force: true })],
  ["is not whole", (place: string) => rmSync(path.join(place, "pack"), { force: true })],
  ["is described wrongly", (place: string) => spoil(path.join(place, "template.json"), "{}")],
])("I12: one that %s is made again, and that is told", async (word, harm) => {
  const { directory: place } = await open().take(shape);
  harm(place);
  await open().take(shape);
  expect(builds).toBe(2);
  expect(notes.join()).toContain(word);
});

test("I12: one that is changed while its server runs is not used again", async () => {
  const templates = open();
  const { directory: place } = await templates.take(shape);
  spoil(path.join(place, "snapshot"), "machine 9");
  await templates.take(shape);
  expect(builds).toBe(2);
  expect(notes.join()).toContain("is damaged");
});

test("what failed to be made leaves nothing, and is tried again", async () => {
  let fails = true;
  const templates = open({
    build: (_, into) => {
      if (fails) return Promise.reject(new Error("no machine boots"));
      for (const name of ["snapshot", "pack"]) writeFileSync(path.join(into, name), "");
      return Promise.resolve();
    },
  });
  await expect(templates.take(shape)).rejects.toThrow("no machine boots");
  expect(readdirSync(directory)).toEqual([]);
  fails = false;
  await templates.take(shape);
});

test("two that make the same one at once do not write into each other's", async () => {
  const places: string[] = [];
  const both = Promise.withResolvers<void>();
  const openSlow = () =>
    open({
      build: async (_, into) => {
        places.push(into);
        if (places.length === 2) both.resolve();
        await both.promise;
        for (const name of ["snapshot", "pack"]) writeFileSync(path.join(into, name), into);
      },
    });
  const taken = await Promise.allSettled([openSlow().take(shape), openSlow().take(shape)]);
  expect(new Set(places).size).toBe(2);
  expect(taken.map(({ status }) => status)).toContain("fulfilled");
});

test("those of another image are taken away, and nothing else is", async () => {
  await open().take(shape);
  mkdirSync(path.join(directory, "something-else"));
  const { directory: place } = await open({ base: "a newer image" }).take(shape);
  expect(readdirSync(directory).toSorted()).toEqual(
    [path.basename(place), "something-else"].toSorted(),
  );
});
