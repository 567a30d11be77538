import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { createRevisions, createScene } from "../../test/configuration/start-configuration.ts";
import { createManualClock } from "../ports/manual-clock.ts";
import { openConfiguration } from "./configuration.ts";
import { checkAtStart, readDocument } from "./read-document.ts";
import { createInstructionsReading } from "./read-instructions.ts";

function createDirectory(files: Readonly<Record<string, string | Uint8Array>>): string {
  const directory = mkdtempSync(path.join(tmpdir(), "cs-instructions-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(directory, file)), { recursive: true });
    writeFileSync(path.join(directory, file), text);
  }
  return directory;
}

const toDocument = (file: string) => `version: 1
models:
  backends: { demo: { kind: scripted, script: demo.yaml } }
  routes: { fast: [[{ backend: demo }]] }
agents:
  travel:
    description: Books flights.
    model: fast
    instructionsFile: ${file}
`;

const readIn = (directory: string, file = "prompts/travel.md") =>
  readDocument(toDocument(file), checkAtStart, createInstructionsReading(directory));

test("the text of the file is in the revision, and its digest covers it", async () => {
  const directory = createDirectory({ "prompts/travel.md": "Book flights.\n" });
  const first = await readIn(directory);
  if (first.kind === "invalid") throw new Error(JSON.stringify(first.problems));
  expect(first.revision.config.agents["travel"]).toMatchObject({ instructions: "Book flights.\n" });
  const document = new TextDecoder().decode(first.revision.bytes);
  expect(document).toContain("Book flights.");
  expect(document).not.toContain("instructionsFile");
  expect(await readIn(directory)).toEqual(first);
  writeFileSync(path.join(directory, "prompts/travel.md"), "Book trains.\n");
  const second = await readIn(directory);
  expect(second.kind === "valid" && second.revision.digest).not.toBe(first.revision.digest);
});

test("what serves reads no file: it serves what was read when it was applied", async () => {
  const directory = createDirectory({ "prompts/travel.md": "Book flights.\n" });
  const scene = createScene();
  const configuration = await openConfiguration({
    document: toDocument("prompts/travel.md"),
    check: checkAtStart,
    fill: createInstructionsReading(directory),
    revisions: createRevisions().revisions,
    start: async () => ({ parts: null, stop: async () => undefined }),
    clock: createManualClock(1_000),
    telemetry: scene.telemetry,
    bus: scene.bus,
  });
  writeFileSync(path.join(directory, "prompts/travel.md"), "Book trains.\n");
  const serving = () => configuration.live().config.agents["travel"]?.instructions;
  expect(serving()).toBe("Book flights.\n");
  expect(await configuration.plan(toDocument("prompts/travel.md"))).toMatchObject({
    kind: "valid",
    changes: [{ key: "agents.travel.instructions", after: "Book trains.\n" }],
  });
  const applied = await configuration.apply(toDocument("prompts/travel.md"), null);
  expect([applied.kind, serving()]).toEqual(["applied", "Book trains.\n"]);
  await configuration.close();
});

test.each([
  ["a file that is not there", {}, /is not there/],
  ["an empty one", { "prompts/travel.md": " \n" }, /without a text/],
  ["one that is not UTF-8", { "prompts/travel.md": Uint8Array.of(0x61, 0xff) }, /not UTF-8/],
  ["one that is too long", { "prompts/travel.md": "a".repeat(262_145) }, /262144 characters/],
  ["one far too large", { "prompts/travel.md": Buffer.alloc(2_000_000, 97) }, /1048576 bytes/],
  ["a directory", { "prompts/travel.md/x.md": "a" }, /cannot be read/],
])("%s is refused where it is named", async (_, files, message) => {
  const read = await readIn(createDirectory(files));
  expect(read).toMatchObject({
    kind: "invalid",
    problems: [{ line: 9, key: "agents.travel.instructionsFile" }],
  });
  expect(read.kind === "invalid" && read.problems[0]?.message).toMatch(message);
});

test("no link leads out of the directory, into a hidden one or to another kind of file", async () => {
  const outside = createDirectory({ "secret.md": "canary" });
  const directory = createDirectory({
    ".countersign/key.md": "canary",
    "secrets/key": "canary",
    "own.md": "Mine.",
  });
  const link = (target: string, name: string) => symlinkSync(target, path.join(directory, name));
  link(path.join(outside, "secret.md"), "out.md");
  link(outside, "folder");
  link(".countersign/key.md", "hidden.md");
  link("secrets/key", "key.md");
  link("own.md", "linked.md");
  for (const file of ["out.md", "folder/secret.md", "hidden.md", "key.md"]) {
    const read = await readIn(directory, file);
    expect(JSON.stringify(read)).not.toContain("canary");
    expect(read).toMatchObject({ kind: "invalid" });
  }
  expect((await readIn(directory, "linked.md")).kind).toBe("valid");
});
