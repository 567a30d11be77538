import { readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { z } from "zod";
import { findUnfrozen } from "../../test/find-unfrozen.ts";
import { scaled, seed } from "../../test/scale.ts";
import { toCanonicalBytes } from "./canonical.ts";
import { entrySchema, fromEntryBytes, toEntryBytes, type Entry } from "./entry.ts";
import { Fault } from "./fault.ts";
import { fromRecordBytes } from "./record.ts";

const golden = new URL("../../test/golden/entry-vectors.json", import.meta.url);
const vectors = JSON.parse(readFileSync(golden, "utf8")) as readonly { bytes: string }[];
const stored = vectors.map(({ bytes }) => new TextEncoder().encode(bytes));

test("a record is frozen to the bottom, whatever its schema freezes", () => {
  const loose = z.object({ a: z.object({ b: z.array(z.object({ c: z.int() })) }) });
  const read = fromRecordBytes(loose, toCanonicalBytes({ a: { b: [{ c: 1 }] } }), "a record");
  expect(findUnfrozen(read)).toEqual([]);
});

test("each outcome that an effect can have is written and read", () => {
  const outcome = vectors
    .map(({ bytes }) => JSON.parse(bytes) as Entry)
    .find(({ kind }) => kind === "outcome")!;
  for (const each of ["answered", "tool_error", "denied", "fault", "unknown"]) {
    const entry = { ...outcome, outcome: each } as Entry;
    expect(fromEntryBytes(toEntryBytes(entry))).toEqual(entry);
  }
});

test("no part of an entry holds more than it should", () => {
  for (const { bytes } of vectors) {
    const entry = JSON.parse(bytes) as Record<string, unknown>;
    expect(entrySchema.safeParse({ ...entry, more: 1 }).success).toBe(false);
    for (const [key, part] of Object.entries(entry)) {
      // What the tool declared is the tool's own.
      if (key === "declaredCost" || typeof part !== "object" || part === null) continue;
      const spoiled = { ...entry, [key]: { ...part, more: 1 } };
      expect(entrySchema.safeParse(spoiled).success, `${bytes} ${key}`).toBe(false);
    }
  }
});

test("I5: spoiled bytes are a fault that says so, or are the canonical bytes of another entry", () => {
  const byte = fc.oneof(fc.integer({ min: 0, max: 255 }), fc.constantFrom(0x22, 0x2c, 0x7b, 0x5c));
  const spoiled = fc
    .tuple(fc.constantFrom(...stored), fc.nat(), fc.nat(3), fc.array(byte, { maxLength: 3 }))
    .map(([bytes, place, removed, added]) => {
      const at = place % bytes.length;
      return Uint8Array.from([...bytes.subarray(0, at), ...added, ...bytes.subarray(at + removed)]);
    });
  fc.assert(
    fc.property(spoiled, (bytes) => {
      try {
        expect(toEntryBytes(fromEntryBytes(bytes))).toEqual(bytes);
      } catch (error) {
        if (!(error instanceof Fault)) throw error;
        expect(error.code).toBe("record_unreadable");
        expect(error.details).toHaveProperty("pointer");
      }
    }),
    { numRuns: scaled({ test: 1_000, prove: 10_000 }), seed: seed() },
  );
});
