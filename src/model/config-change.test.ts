import { expect, test } from "vitest";
import { toConfigChanges } from "./config-change.ts";

const bytes = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

test("changes are named key by key, and what needs a restart is marked", () => {
  const before = {
    listen: "a",
    log: { level: "info" },
    hosts: ["a"],
    store: { kind: "x", dir: "d" },
  };
  const after = {
    listen: "b",
    log: { level: "info" },
    hosts: ["a", "b"],
    store: { kind: "y", url: "u" },
  };
  const changed = { kind: "changed", restart: true } as const;
  expect(toConfigChanges(bytes(before), bytes(after))).toEqual([
    { kind: "changed", key: "hosts", before: ["a"], after: ["a", "b"], restart: false },
    { ...changed, key: "listen", before: "a", after: "b" },
    { kind: "removed", key: "store.dir", before: "d", after: null, restart: true },
    { ...changed, key: "store.kind", before: "x", after: "y" },
    { kind: "added", key: "store.url", before: null, after: "u", restart: true },
  ]);
});

test("the same document has no changes", () => {
  expect(toConfigChanges(bytes({ a: { b: [1] } }), bytes({ a: { b: [1] } }))).toEqual([]);
});
