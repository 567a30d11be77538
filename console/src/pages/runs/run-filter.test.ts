import { expect, test } from "vitest";
import { noFilter, parseFilter, toQuery, toSearch, withWord } from "./run-filter.ts";

const id = "01900000-0000-7000-8000-00000000002a";

test("an address and a filter are the same in two forms; what the address makes up is left out", () => {
  const filter = {
    state: "waiting",
    agent: "42",
    parent: id,
    isTop: true,
    begins: "0190",
  } as const;
  expect(parseFilter({ ...toSearch(filter), agent: 42 })).toEqual(filter);
  expect(toSearch(noFilter)).toEqual({});
  const odd = { state: "toString", agent: "", parent: "x".repeat(65), top: "yes", id: "0190-z" };
  expect(parseFilter(odd)).toEqual(noFilter);
  expect(parseFilter({ id: `${id}0` }).begins).toBeNull();
});

test.each([
  ["01900000", { begins: "01900000" }],
  [` ${id.toUpperCase()} `, { begins: id }],
  ["01900000-00g", { agent: "01900000-00g" }],
  // Four letters that could begin an id are somebody's name.
  ["cafe", { agent: "cafe" }],
  ["", {}],
])("%j that somebody types is asked for as %j", (word, query) => {
  expect(toQuery(withWord({ ...noFilter, agent: "before" }, word))).toEqual(query);
});
