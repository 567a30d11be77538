import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parseModelScript } from "../src/adapters/yaml/parse-model-script.ts";
import { modelScriptSchema } from "../src/model/model-script.ts";
import { listFences } from "./docs/read-page.ts";

const page = readFileSync(new URL("../docs/models.md", import.meta.url), "utf8");

test("the script in the documents is one, and its page names every kind of fault", () => {
  const fences = listFences(page, "json");
  expect(fences).toHaveLength(1);
  expect(parseModelScript(fences[0]!)).toMatchObject({ kind: "valid", script: { name: "demo" } });
  const { fault } = modelScriptSchema.shape.turns.element.shape;
  const kinds = fault.unwrap().options.map(({ shape }) => shape.kind.value);
  expect(kinds.length).toBeGreaterThan(8);
  expect(kinds.filter((kind) => !page.includes(`\`${kind}\``))).toEqual([]);
});

test.each([
  ["name: demo\nturns: []\n", 2, "turns"],
  ["name: demo\nturns:\n  - say: a\n    falt: {}\n", 4, "turns[0].falt"],
  ["name: demo\nturns:\n  - fault: { kind: nonsense }\n", 3, "turns[0].fault.kind"],
  ["name: demo\nturns:\n  - say: The {{ price }}\n", 3, "turns[0].say"],
  [
    "name: demo\nturns:\n  - calls:\n      - { tool: a, args: { b: ['{{ result a }}'] } }\n",
    4,
    "turns[0].calls[0].args",
  ],
  [
    "name: demo\nturns:\n  - fault: { kind: slow_first_token, wait: 3 }\n",
    3,
    "turns[0].fault.wait",
  ],
])("a wrong script is told by line and key: %j", (document, line, key) => {
  const parsed = parseModelScript(document);
  expect(parsed.kind === "invalid" && parsed.problems).toEqual([
    expect.objectContaining({ line, key }),
  ]);
});
