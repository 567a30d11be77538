import { rmSync, symlinkSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { createFolder, toSkill, writeFiles, type Files } from "../../test/skills/write-skills.ts";
import { toDigest, type TenantId } from "../model/index.ts";
import { createInMemoryBlobs } from "../ports/in-memory-rows.ts";
import { buildBundle } from "../rollout/build-bundle.ts";
import { createSkillsReading } from "./fill-skills.ts";
import { checkAtStart, readDocument } from "./read-document.ts";
import type { ReadSkill } from "./read-skills.ts";
import { createSkillShelf, keepSkills } from "./skill-shelf.ts";
import type { SkillTree } from "../model/skill.ts";
import type { Catalog } from "../ports/catalog.ts";

const tenant = "default" as TenantId;

const toDocument = (skills: string, more = "") => `version: 1
models:
  backends: { demo: { kind: scripted, script: demo.yaml } }
  routes: { fast: [[{ backend: demo }]] }
agents:
  travel:
    description: Books flights.
    model: fast
    instructions: Book.
    skills: ${skills}
${more}`;

const set: Files = {
  "skills/packing/SKILL.md": toSkill("packing"),
  "skills/packing/references/bags.md": "# Bags\n",
  "skills/booking/SKILL.md": toSkill("booking"),
  ".agents/skills/shared/SKILL.md": toSkill("shared"),
  ".countersign/skills/own/SKILL.md": toSkill("own", "canary"),
};

function open(files: Files = set) {
  const directory = createFolder(files);
  const shelf = createSkillShelf();
  const warned: string[] = [];
  const fill = createSkillsReading({
    directory,
    shelf,
    onWarnings: (warnings) => void warned.push(...warnings),
  });
  const read = (skills: string, more = "") =>
    readDocument(toDocument(skills, more), checkAtStart, fill);
  return { directory, shelf, warned, read };
}

async function revisionOf(reading: ReturnType<ReturnType<typeof open>["read"]>) {
  const read = await reading;
  if (read.kind === "invalid") throw new Error(JSON.stringify(read.problems));
  return read.revision;
}

const emptyCatalog = {
  servers: new Map(),
  toolsets: new Map([["", { tools: new Map(), servers: [] }]]),
} as unknown as Catalog;

test("a revision names each skill by its digest, in the order of names; a changed byte is another revision", async () => {
  const { directory, read } = open();
  const first = await revisionOf(read("[skills/packing/, skills/booking, .agents/skills]"));
  const { loadedSkills, skills } = first.config.agents["travel"]!;
  expect(skills).toBeUndefined();
  expect(loadedSkills?.map(({ name }) => name)).toEqual(["booking", "packing", "shared"]);
  const same = await revisionOf(read("[skills, .agents/skills/shared]"));
  expect(same.digest).toBe(first.digest);
  writeFiles(directory, { "skills/packing/references/bags.md": "# Bags!\n" });
  expect((await revisionOf(read("[skills, .agents/skills]"))).digest).not.toBe(first.digest);
});

test("what a revision names is kept before it serves, once, and is all that a bundle needs", async () => {
  const { directory, shelf, read } = open();
  const { config } = await revisionOf(read("[skills]"));
  const blobs = createInMemoryBlobs();
  const skills = await keepSkills(config, { shelf, blobs, tenant });
  for (const digest of skills.keys()) expect(shelf.get(digest)).toBeNull();
  rmSync(directory, { recursive: true });
  // Another replica, or this one after a restart, has never read the folder.
  const elsewhere = createSkillShelf();
  expect(await keepSkills(config, { shelf: elsewhere, blobs, tenant })).toEqual(skills);
  const { bundle } = buildBundle("travel", { config, catalog: emptyCatalog, skills, tenant });
  expect(bundle.skills.map(({ name, files }) => [name, files.map((file) => file.path)])).toEqual([
    ["booking", ["SKILL.md"]],
    ["packing", ["SKILL.md", "references/bags.md"]],
  ]);
  const bags = bundle.skills[1]!.files[1]!;
  expect(bags).toEqual({ path: "references/bags.md", digest: toDigest("# Bags\n"), size: 7 });
  expect(Buffer.from((await blobs.get(tenant, bags.digest))!).toString()).toBe("# Bags\n");
  const none = createInMemoryBlobs();
  await expect(keepSkills(config, { shelf: elsewhere, blobs: none, tenant })).rejects.toMatchObject(
    {
      code: "config_invalid",
    },
  );
});

test("a list of files that is not that of its digest is kept anew", async () => {
  const { shelf, read } = open();
  const { config } = await revisionOf(read("[skills/booking]"));
  const { digest } = config.agents["travel"]!.loadedSkills![0]!;
  const blobs = createInMemoryBlobs();
  await blobs.put(tenant, digest, new TextEncoder().encode("[]"));
  await expect(keepSkills(config, { shelf, blobs, tenant })).resolves.toSatisfy(
    (trees: ReadonlyMap<string, SkillTree>) => trees.get(digest)?.[0]?.path === "SKILL.md",
  );
});

test("a document that was read without its folders makes no bundle", async () => {
  const parsed = await readDocument(toDocument("[skills]"), checkAtStart);
  if (parsed.kind === "invalid") throw new Error("it is valid");
  const { config } = parsed.revision;
  const parts = { config, catalog: emptyCatalog, skills: new Map(), tenant };
  expect(() => buildBundle("travel", parts)).toThrow(/skills of the agent travel were not read/);
});

test.each([
  ["[gone]", "agents.travel.skills[0]", /names a folder that is not there/],
  ["[skills, demo.yaml]", "agents.travel.skills[1]", /names a folder that is not there/],
  ["[out]", "agents.travel.skills[0]", /leads out of the directory/],
  ["[hidden]", "agents.travel.skills[0]", /leads out of the directory .* or into a hidden folder/],
  [
    "[skills, skills/packing]",
    "agents.travel.skills",
    /is the name of the skill in skills\/packing, too/,
  ],
  [
    "[wrong]",
    "agents.travel.skills[0]",
    /cannot be loaded: wrong\/a\/SKILL\.md:1:1: .*three dashes/,
  ],
])("%s is refused where it is named", async (skills, key, message) => {
  const { directory, read } = open({ ...set, "wrong/a/SKILL.md": "# No\n" });
  const outside = createFolder({ "x/SKILL.md": toSkill("x", "canary") });
  symlinkSync(outside, path.join(directory, "out"));
  symlinkSync(".countersign/skills", path.join(directory, "hidden"));
  const parsed = await read(skills);
  expect(JSON.stringify(parsed)).not.toContain("canary");
  expect(parsed).toMatchObject({ kind: "invalid", problems: [{ line: 10, key }] });
  expect(parsed.kind === "invalid" && parsed.problems[0]?.message).toMatch(message);
});

test.each([
  "../skills",
  "/etc",
  ".countersign/skills",
  "a/../../b",
  ".agents",
  "a\\b",
  "a//b",
  "~/a",
])("no other folder than one below the document is named: %s", async (folder) => {
  const parsed = await open().read(JSON.stringify([folder]));
  expect(parsed.kind === "invalid" && parsed.problems[0]?.message).toMatch(
    /takes a folder below the directory of countersign\.yaml/,
  );
});

test("what the server writes into a revision nobody writes into a document", async () => {
  const head = { name: "x", description: "X", digest: toDigest("x"), wishes: [] };
  const parsed = await open().read("[skills]", `    loadedSkills: ${JSON.stringify([head])}\n`);
  expect(parsed).toMatchObject({
    kind: "invalid",
    problems: [
      {
        key: "agents.travel.loadedSkills",
        message: "is written by the server: name folders in skills",
      },
    ],
  });
});

test("faults that can be lived with are told once, however many agents share the folder", async () => {
  const { warned, read } = open({ "skills/moved/SKILL.md": toSkill("packing") });
  const other = "  other: { description: D, model: fast, instructions: I, skills: [skills] }\n";
  await revisionOf(read("[skills]", other));
  expect(warned).toEqual([
    "skills/moved/SKILL.md:2:7: warning: name is not the name of the skill's folder, which the format asks for",
  ]);
});

test("what is read and never applied is let go, the oldest first", () => {
  const shelf = createSkillShelf();
  const sized = Array.from({ length: 10 }, (_, n): ReadSkill => {
    const digest = toDigest(String(n));
    const tree = Array.from({ length: 4 }, (_each, file) => ({
      path: `${file}.bin`,
      digest,
      size: 4_000_000,
    }));
    const head = { name: "x", description: "X", digest, wishes: [] };
    return { head, tree, contents: new Map(), label: "x" };
  });
  for (const skill of sized) shelf.add([skill]);
  const kept = sized.map(({ head }) => shelf.get(head.digest) !== null);
  expect(kept).toEqual([false, false, ...Array.from({ length: 8 }, () => true)]);
});
