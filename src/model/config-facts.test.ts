import { expect, test } from "vitest";
import { configSchema } from "./config.ts";

type Tools = Readonly<Record<string, object>>;

const parse = (tools: Tools) =>
  configSchema.safeParse({
    version: 1,
    servers: { air: { transport: "http", url: "https://air.example/mcp", tools } },
  });
const problems = (tools: Tools) =>
  (parse(tools).error?.issues ?? []).map(
    ({ path, message }) => `${path.slice(3).join(".")} ${message}`,
  );

const fare = { key: "fare:{/item/id}", each: "/result/structuredContent/flights" };
const search = { effect: "read", facts: [{ ...fare, value: "/item/price" }] };
const need = { fact: "fare:{/args/flight}" };

test("a read says facts, an effect needs them and changes things", () => {
  const book = {
    effect: "write",
    needs: [{ ...need, same: "/args/price", fresh: "30s" }],
    changes: ["seat:{/args/flight}"],
  };
  const config = parse({ search, book }).data!;
  expect(config.servers["air"]!.tools).toMatchObject({
    search: { facts: [{ ...fare, value: "/item/price", fresh: 60_000 }] },
    book: { needs: [{ ...need, fresh: 30_000 }], changes: ["seat:{/args/flight}"] },
  });
});

test.each<[string, Tools, string]>([
  [
    "facts of an effect",
    { book: { effect: "write", facts: [{ key: "a:b" }] } },
    "book.facts is for tools that read: this one has effect: write",
  ],
  [
    "an effect that nobody declared",
    { book: { facts: [{ key: "a:b" }] } },
    "book.facts is for tools that read: this one has effect: write",
  ],
  [
    "needs of a read",
    { search, look: { effect: "read", needs: [need] } },
    "look.needs is for tools with an effect: this one reads (effect: read)",
  ],
  [
    "a key that is none",
    {
      search: { effect: "read", facts: [{ key: "bad" }] },
      book: { effect: "write", needs: [need] },
    },
    "search.facts.0.key begins with a kind and a colon, such as fare:{/args/flight}",
  ],
  [
    "a need that is no key",
    { search, book: { effect: "write", needs: [{ fact: "bad" }] } },
    "book.needs.0.fact begins with a kind and a colon, such as fare:{/args/flight}",
  ],
  [
    "changes of a read",
    { look: { effect: "read", changes: ["a:b"] } },
    "look.changes is for tools with an effect: this one reads (effect: read)",
  ],
  [
    "facts of what is given again",
    { search: { ...search, cache: "60s" } },
    "search.facts does not go with cache: what is given again may be older than it is believed",
  ],
  [
    "an item where there is none",
    { search: { effect: "read", facts: [{ key: "fare:{/item/id}", value: "/item" }] } },
    "search.facts.0.key speaks of /item, and there is none without `each`",
  ],
  [
    "a list that is not in the result",
    { search: { effect: "read", facts: [{ ...fare, each: "/args/ids" }] } },
    "search.facts.0.each is no JSON Pointer that begins with /result",
  ],
  [
    "a result before there is one",
    { search, book: { needs: [need], changes: ["seat:{/result/id}"] } },
    "book.changes.0 holds {/result/id}, which is no JSON Pointer that begins with /args",
  ],
  [
    "a fact that nobody reads",
    { search, book: { needs: [{ fact: "fair:{/args/flight}" }] } },
    "book.needs.0.fact is said by no tool of this document: none has such a key among its facts",
  ],
  [
    "an argument that is none",
    { search, book: { needs: [{ ...need, same: "args/price" }] } },
    "book.needs.0.same is no JSON Pointer that begins with /args",
  ],
  [
    "a fact that is believed for longer than changes are remembered",
    { search: { effect: "read", facts: [{ ...fare, fresh: "13h" }] } },
    "search.facts.0.fresh is longer than the most allowed, 12h",
  ],
])("%s is refused, and the place is named", (_, tools, problem) => {
  expect(problems(tools)).toContain(problem);
});

test("a key of a tool that is none is refused in its place", () => {
  expect(problems({ search, book: { needs: [{ ...need, exact: true }] } })).toEqual([
    expect.stringContaining("book.needs.0"),
  ]);
});
