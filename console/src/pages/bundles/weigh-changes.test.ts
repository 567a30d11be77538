import { expect, test } from "vitest";
import type { Bundle } from "../../../../src/client/client.ts";
import { findTexts } from "./find-texts.ts";
import { weighChanges } from "./weigh-changes.ts";

test("what changes what an agent may do comes first, and what nobody knows weighs as much", () => {
  const named = (component: string) => ({ component, text: component });
  const components = ["description", "instructions", "model fast", "policy rule a", "moon"];
  const weighed = weighChanges(components.map(named));
  expect(
    weighed.map(({ weight, changes }) => [weight.title, ...changes.map((each) => each.component)]),
  ).toEqual([
    ["What it may do", "policy rule a", "moon"],
    ["How it decides", "instructions", "model fast"],
    ["What it is called", "description"],
  ]);
  expect(weighChanges([])).toEqual([]);
});

const toParts = (instructions: string, rules: Readonly<Record<string, string>>) =>
  ({
    instructions,
    description: "Books flights.",
    policy: { rules: Object.entries(rules).map(([name, text]) => ({ name, text })) },
  }) as unknown as Bundle["bundle"];

test("texts are found by the component that the diff names, new and gone ones beside nothing", () => {
  const before = toParts("Book.", { "a.cedar": "permit", "old.cedar": "forbid" });
  const after = toParts("Ask.", { "a.cedar": "permit", "new.cedar": "permit all" });
  const find = (component: string) => findTexts(component, before, after);
  expect(find("instructions")).toEqual({ before: "Book.", after: "Ask." });
  expect(find("policy rule new.cedar")).toEqual({ before: "", after: "permit all" });
  expect(find("policy rule old.cedar")).toEqual({ before: "forbid", after: "" });
  for (const none of ["policy rule a.cedar", "description", "limits", "tool a__b"])
    expect([none, find(none)]).toEqual([none, null]);
});
