import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import * as model from "./index.ts";

const glossary = readFileSync(new URL("../../GLOSSARY.md", import.meta.url), "utf8");
const defined = new Set([...glossary.matchAll(/^\*\*(.+?)\*\*/gm)].map((match) => match[1]));

// `runEventSchema` is of the noun event, `tenantIdSchema` of the noun tenant.
const schemas = Object.keys(model)
  .filter((name) => name.endsWith("Schema"))
  .map((name) => name.replace(/(Id)?Schema$/, ""))
  // JSON is a format of others, not a word of ours.
  .filter((name) => !name.startsWith("json"));
const tables = Object.keys(model)
  .filter((name) => name.endsWith("States"))
  .map((name) => name.replace(/States$/, ""));

test.each([...schemas, ...tables])("the glossary has the noun of %s", (name) => {
  const words = name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`).split(" ");
  const candidates = words.map((_, index) => words.slice(index).join(" "));
  expect(candidates.filter((noun) => defined.has(noun))).not.toEqual([]);
});

test("the model exports schemas and tables at all", () => {
  expect(schemas).toEqual(expect.arrayContaining(["intent", "decision", "entry", "receipt"]));
  expect(tables).toEqual(expect.arrayContaining(["run", "approval", "rollout", "breaker"]));
});

test("each word of the glossary has one meaning, in one line that begins there", () => {
  const words = [...glossary.matchAll(/^\*\*(.+?)\*\* — .+/gm)].map((match) => match[1]);
  expect(words).toEqual([...defined]);
});
