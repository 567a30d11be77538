import { expect, test } from "vitest";
import { noFilter } from "./run-filter.ts";
import { addSaved, mostSaved, parseSaved, toSavedText } from "./saved-filters.ts";

const stuck = { name: "stuck", filter: { ...noFilter, state: "stopped", isTop: true } } as const;

test("filters come back as they were kept, and what is no filter does not", () => {
  expect(parseSaved(toSavedText([stuck]))).toEqual([stuck]);
  for (const text of [null, "", "{", "{}", "[1, null]", '[{"name":""}]', '[{"name":"a"}]'])
    expect(parseSaved(text)).toEqual([]);
  const strange = '[{"name":"a","search":{"state":"gone","agent":["x"]}}]';
  expect(parseSaved(strange)).toEqual([{ name: "a", filter: noFilter }]);
});

test("a name stands for one filter, and there is an end to how many are kept", () => {
  const newer = { ...stuck, filter: noFilter };
  expect(addSaved([stuck], newer)).toEqual([newer]);
  const many = Array.from({ length: mostSaved }, (_, n) => ({ ...stuck, name: `f${n}` }));
  expect(addSaved(many, stuck)).toBeNull();
  expect(addSaved(many, { ...stuck, name: "f3" })).toHaveLength(mostSaved);
});
