import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { livableSet, publicSet } from "../../test/skills/public-set.ts";
import { createFolder, toSkill, type Files } from "../../test/skills/write-skills.ts";
import { renderFinding } from "../model/skill-finding.ts";
import { readSkills } from "./read-skills.ts";

async function read(files: Files) {
  const { skills, findings } = await readSkills({ folder: createFolder(files), label: "s" });
  return { skills, names: skills.map(({ head }) => head.name), said: findings.map(renderFinding) };
}

test("folders as people publish them load, without a word", async () => {
  const { skills, names, said } = await read(publicSet);
  expect(names).toEqual(["deploy", "forms", "posters", "sheets", "template", "themes", "wide-api"]);
  expect(said).toEqual([
    "s/deploy/SKILL.md:6:16: warning: allowed-tools grants nothing here: what an agent may call is in countersign.yaml",
    "s/themes/SKILL.md:8:1: warning: has no instructions below its frontmatter",
  ]);
  const [deploy, forms, posters] = skills;
  expect(deploy!.head.wishes).toEqual(["Bash(git:*)", "Bash(kubectl get:*)", "Read"]);
  expect(forms!.tree.map((file) => file.path)).toEqual([
    "LICENSE.txt",
    "SKILL.md",
    "fields.md",
    "scripts/__init__.py",
    "scripts/fill.py",
    "scripts/schemas/types.xsd",
  ]);
  expect(posters!.tree.map(({ size }) => size)).toContain(6);
  expect(skills[3]!.head.description).toBe('Reads "sheets": .csv, .tsv. Use it for tables.');
  expect(skills.at(-1)!.head.description).toContain("\nUse it — always —");
});

test("faults that can be lived with are said with their place, and the skill is there", async () => {
  const { names, said } = await read(livableSet);
  expect(names.toSorted()).toEqual(
    [
      "Upper_Case",
      "colon",
      "hidden-files",
      "keys",
      "latin",
      "links",
      "listed",
      "nameless",
      "numbers",
      "other-name",
      "small",
      "soft",
    ].toSorted(),
  );
  expect(said).toMatchInlineSnapshot(`
    [
      "s/no-skill:1:1: warning: is left out: it holds no SKILL.md",
      "s/Upper_Case/SKILL.md:2:7: warning: name is not as the format has it: up to 64 small letters a-z, digits and single hyphens between them. Try: upper-case",
      "s/colon/SKILL.md:3:1: warning: description holds a colon, and needs quotes around it",
      "s/hidden-files/.env:1:1: warning: is left out: hidden files and programs' leftovers are no part of a skill",
      "s/hidden-files/node_modules:1:1: warning: is left out: hidden files and programs' leftovers are no part of a skill",
      "s/keys/SKILL.md:4:1: warning: licence is no key of the format, and means nothing here. Try: license",
      "s/keys/SKILL.md:5:1: warning: user-invocable is no key of the format, and means nothing here. Try: metadata",
      "s/latin/notes.txt:1:1: warning: is not UTF-8: no model can read it",
      "s/links/SKILL.md:6:1: warning: a link leads to no file of the skill: it cannot be read",
      "s/links/SKILL.md:6:1: warning: a link leads out of the skill's folder: it cannot be read",
      "s/listed/SKILL.md:4:1: warning: allowed-tools is not as the format has it: one text with a space between two tools",
      "s/listed/SKILL.md:4:1: warning: allowed-tools grants nothing here: what an agent may call is in countersign.yaml",
      "s/moved/SKILL.md:2:7: warning: name is not the name of the skill's folder, which the format asks for",
      "s/nameless/SKILL.md:2:1: warning: name is missing; the folder's name is taken",
      "s/numbers/SKILL.md:5:10: warning: license takes a text",
      "s/numbers/SKILL.md:4:1: warning: metadata takes texts alone as its values; put quotes around numbers",
      "s/small/skill.md:1:1: warning: is not spelled as the format has it. Try: SKILL.md",
      "s/soft/SKILL.md:6:7: warning: holds U+200B, which nobody sees; models are shown its name",
    ]
  `);
});

test("the folder of one skill is one skill; a file of it moves its digest", async () => {
  const digestOf = async (files: Files) => {
    const { skills } = await read({ "SKILL.md": toSkill("one"), "a/b.bin": "x", ...files });
    return skills[0]!.head.digest;
  };
  const digest = await digestOf({});
  expect(await digestOf({})).toBe(digest);
  const others = [{ "a/b.bin": "y" }, { "a/c.bin": "x" }, { "SKILL.md": toSkill("one", "Do. ") }];
  const digests = await Promise.all(others.map(digestOf));
  expect(new Set([digest, ...digests]).size).toBe(4);
});

test("what is too much is refused at its bound, whatever else is there", async () => {
  const many = Object.fromEntries(Array.from({ length: 1_001 }, (_, n) => [`f/${n}.md`, "x"]));
  const skill = { "SKILL.md": toSkill("big") };
  const deep = Array.from({ length: 9 }, (_, n) => `d${n}`).join("/");
  const parts = Object.fromEntries(
    Array.from({ length: 5 }, (_, n) => [`p${n}.bin`, Buffer.alloc(3_900_000, n)]),
  );
  for (const [files, message] of [
    [{ ...skill, ...many }, /more than 1000 files/],
    [{ ...skill, [`${deep}/a.md`]: "x" }, /deeper than 8 folders/],
    [
      { ...skill, "big.bin": Buffer.alloc(4_194_305) },
      /big\.bin:1:1: is larger than 4194304 bytes/,
    ],
    [{ ...skill, ...parts }, /more than 16777216 bytes/],
    [{ "SKILL.md": toSkill("big", "x".repeat(262_144)) }, /SKILL\.md:1:1: is larger than 262144/],
  ] as const) {
    const { names, said } = await read(files);
    expect(names).toEqual([]);
    expect(said.join("\n")).toMatch(message);
  }
  const folder = createFolder(skill);
  for (let n = 0; n < 251; n += 1) mkdirSync(path.join(folder, `d${n}`));
  const { findings } = await readSkills({ folder, label: "s" });
  expect(findings[0]?.message).toMatch(/more than 250 folders/);
});

test("a folder without a skill says so, and one that is none is thrown", async () => {
  const { said } = await read({ "README.md": "x" });
  expect(said).toEqual(["s:1:1: holds no SKILL.md, nor a folder that holds one"]);
  const folder = createFolder();
  writeFileSync(path.join(folder, "file"), "x");
  for (const name of ["file", "gone"])
    await expect(readSkills({ folder: path.join(folder, name), label: "s" })).rejects.toThrow(
      /ENO/,
    );
});
