import { expect, test } from "vitest";
import { z } from "zod";
import { toBuilt } from "../../test/simulation/parts.ts";
import { diffBundles } from "../rollout/diff-bundles.ts";
import { bundledFactFields, toBundledFacts } from "./bundled-facts.ts";
import { fromBundleBytes, toBundleBytes, type Bundle } from "./bundle.ts";
import { factRuleSchema } from "./config-facts.ts";

const { bundle } = toBuilt();
const withRules = (rules: object): Bundle => ({
  ...bundle,
  tools: bundle.tools.map((tool) => (tool.exposed === "t__read" ? { ...tool, ...rules } : tool)),
});
const facts = [{ key: "fare:{/item/id}", each: "/result/flights", fresh: 60_000 }];

test("a tool that declares nothing is bundled as it always was", () => {
  expect(toBundledFacts({})).toEqual({});
  expect(toBundledFacts({ facts: undefined, needs: undefined, changes: undefined })).toEqual({});
  expect(fromBundleBytes(toBundleBytes(bundle))).toEqual(bundle);
});

test("what is declared is kept, read back, and named where it differs", () => {
  const read = factRuleSchema.parse({ key: "fare:{/item/id}", each: "/result/flights" });
  const bundled = withRules(toBundledFacts({ facts: [{ ...read, value: undefined }] }));
  expect(bundled).toEqual(withRules({ facts }));
  expect(fromBundleBytes(toBundleBytes(bundled))).toEqual(bundled);
  const shorter = withRules({ facts: [{ ...facts[0], fresh: 5_000 }] });
  expect(diffBundles(bundled, shorter)).toEqual([
    {
      component: "tool t__read",
      text: "tool t__read: facts 0 believed for milliseconds 60000 → 5000",
    },
  ]);
});

test.each([
  ["a member that is none", { facts: [{ ...facts[0], more: 1 }] }],
  ["more than there may be", { changes: Array.from({ length: 17 }, (_, at) => `a:${at}`) }],
  ["a time that is none", { needs: [{ fact: "a:b", fresh: 0 }] }],
])("%s does not fit into a bundle", (_, rules) => {
  expect(z.strictObject(bundledFactFields).safeParse(rules).success).toBe(false);
});
