import { symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { createFolder } from "../../test/skills/write-skills.ts";
import { checkAtStart, readDocument } from "./read-document.ts";
import { createSourceFilesReading } from "./read-source-files.ts";

const toDocument = (file: string) => `version: 1
models:
  backends: { demo: { kind: scripted, script: demo.yaml } }
  routes: { fast: [[{ backend: demo }]] }
agents:
  plain: { description: Has none., model: fast, instructions: Answer. }
  travel:
    description: Books flights.
    model: fast
    instructions: Book flights.
    context:
      sources:
        rules: { kind: file, file: ${file}, owner: sales, budget: 500 }
        who: { kind: profile }
`;

const readIn = (directory: string, file = "knowledge/rules.md") =>
  readDocument(toDocument(file), checkAtStart, createSourceFilesReading(directory));

test("the text of the file is in the revision, and its digest covers it", async () => {
  const directory = createFolder({ "knowledge/rules.md": "Two bags.\n" });
  const first = await readIn(directory);
  if (first.kind === "invalid") throw new Error(JSON.stringify(first.problems));
  const { agents } = first.revision.config;
  expect(agents["travel"]?.context?.sources["rules"]).toEqual({
    kind: "text",
    text: "Two bags.\n",
    owner: "sales",
    budget: 500,
  });
  expect(agents["plain"]?.context).toBeUndefined();
  expect(new TextDecoder().decode(first.revision.bytes)).not.toContain("rules.md");
  writeFileSync(path.join(directory, "knowledge/rules.md"), "One bag.\n");
  const second = await readIn(directory);
  expect(second.kind === "valid" && second.revision.digest).not.toBe(first.revision.digest);
});

test.each([
  ["is not there", "knowledge/none.md", /names a file that is not there/],
  ["leads out by a link", "knowledge/out.md", /leads out of the directory/],
  ["leads into a hidden directory", "knowledge/hidden.md", /or into a hidden one/],
  ["is empty", "knowledge/empty.md", /without a text/],
  ["is not UTF-8", "knowledge/bytes.md", /not UTF-8/],
  ["is too long", "knowledge/long.md", /more than 262144 characters/],
  ["is a key", "knowledge/secret.key", /takes a \.md or \.txt file/],
  ["goes up", "../rules.md", /takes a \.md or \.txt file/],
])("a file that %s is refused where it is named", async (_, file, message) => {
  const elsewhere = createFolder({ "rules.md": "Secret." });
  const directory = createFolder({
    "knowledge/empty.md": " \n",
    "knowledge/bytes.md": Buffer.from([0xff, 0xfe]),
    "knowledge/long.md": "x".repeat(262_145),
    "knowledge/secret.key": "Secret.",
    ".hidden/rules.md": "Secret.",
  });
  symlinkSync(path.join(elsewhere, "rules.md"), path.join(directory, "knowledge/out.md"));
  symlinkSync(
    path.join(directory, ".hidden/rules.md"),
    path.join(directory, "knowledge/hidden.md"),
  );
  const read = await readIn(directory, file);
  if (read.kind === "valid") throw new Error("it is taken");
  const [problem] = read.problems;
  expect(problem?.message).toMatch(message);
  expect(JSON.stringify(problem)).toContain("sources");
  expect(JSON.stringify(read)).not.toContain("Secret");
});
