import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { scaled, seed } from "../../test/scale.ts";
import type { SealPurpose } from "../ports/sealer.ts";
import { createSeededRandom } from "../ports/seeded-random.ts";
import { createSealer } from "./sealer.ts";

const random = createSeededRandom(7);
const makeKey = () => random.bytes(32);
const [first, second, third] = [makeKey(), makeKey(), makeKey()];
const purposes: readonly SealPurpose[] = ["session", "request-state", "cursor"];
const runs = { seed: seed(), numRuns: scaled({ test: 300, prove: 10_000 }) };
const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const textArbitrary = fc.string({ unit: "binary", maxLength: 300 });

describe("what is sealed", () => {
  const sealer = createSealer([first], random);

  test("is read by whoever has the key, for the purpose that it was sealed for and no other", () => {
    fc.assert(
      fc.property(textArbitrary, fc.constantFrom(...purposes), (text, purpose) => {
        const sealed = sealer.seal(purpose, text);
        for (const other of purposes)
          expect(sealer.unseal(other, sealed)).toBe(other === purpose ? text : null);
      }),
      runs,
    );
  });

  test("is refused with any one bit flipped: nonce, tag or text", () => {
    const sealed = Buffer.from(sealer.seal("session", "a text of some length"), "base64url");
    for (let bit = 0; bit < sealed.length * 8; bit += 1) {
      const flipped = Buffer.from(sealed);
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      expect(sealer.unseal("session", flipped.toString("base64url")), `bit ${bit}`).toBeNull();
    }
  });

  test("has one spelling: no other text is read as the same", () => {
    const lengths = fc.integer({ min: 0, max: 3 });
    const characters = fc.constantFrom(...Array.from(`${alphabet}+/= \n`));
    fc.assert(
      fc.property(lengths, fc.nat(), characters, (length, where, character) => {
        // Each length leaves another number of unused bits in the last character.
        const sealed = sealer.seal("session", "x".repeat(length));
        const at = where % (sealed.length + 1);
        const changed = sealed.slice(0, at) + character + sealed.slice(at + 1);
        const inserted = sealed.slice(0, at) + character + sealed.slice(at);
        for (const other of [changed, inserted])
          if (other !== sealed) expect(sealer.unseal("session", other)).toBeNull();
      }),
      runs,
    );
    const sealed = sealer.seal("session", "x");
    for (const last of alphabet) {
      const other = sealed.slice(0, -1) + last;
      expect(sealer.unseal("session", other)).toBe(other === sealed ? "x" : null);
    }
  });

  test("is refused when it is cut, at whatever length, without throwing", () => {
    const sealed = sealer.seal("session", "a text");
    for (let length = 0; length < sealed.length; length += 1)
      expect(sealer.unseal("session", sealed.slice(0, length))).toBeNull();
  });

  test("is refused, and nothing is thrown, whatever comes in its place", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: "binary" }),
          fc.uint8Array({ maxLength: 80 }).map((bytes) => Buffer.from(bytes).toString("base64url")),
        ),
        (text) => {
          expect(sealer.unseal("session", text)).toBeNull();
        },
      ),
      runs,
    );
  });

  test("looks different each time, though the text is the same", () => {
    const many = Array.from({ length: 500 }, () => sealer.seal("session", "same"));
    expect(new Set(many).size).toBe(500);
    // The first twelve bytes are the nonce, which with one key must never be used twice.
    expect(new Set(many.map((sealed) => sealed.slice(0, 16))).size).toBe(500);
  });
});

describe("a ring of keys", () => {
  const old = createSealer([first], random);
  const rotated = createSealer([second, first], random);
  const later = createSealer([third, second], random);

  test("opens what an old key of it sealed, and seals with its first", () => {
    const before = old.seal("cursor", "before");
    const after = rotated.seal("cursor", "after");
    expect(rotated.unseal("cursor", before)).toBe("before");
    expect(rotated.unseal("cursor", after)).toBe("after");
    // A replica that has not got the new key yet reads the old, and refuses the new.
    expect(old.unseal("cursor", after)).toBeNull();
    expect(later.unseal("cursor", after)).toBe("after");
  });

  test("does not open what a key that is retired or unknown sealed", () => {
    expect(later.unseal("cursor", old.seal("cursor", "before"))).toBeNull();
    const unknown = createSealer([makeKey()], random).seal("cursor", "text");
    for (const sealer of [old, rotated, later]) expect(sealer.unseal("cursor", unknown)).toBeNull();
  });

  test("does not open for another purpose by trying its other keys", () => {
    expect(rotated.unseal("session", old.seal("cursor", "text"))).toBeNull();
  });

  test.each([
    ["no key", []],
    ["a short key", [random.bytes(31)]],
    ["a long key", [random.bytes(33)]],
    ["an empty key behind a good one", [first, new Uint8Array()]],
    ["nine keys", Array.from({ length: 9 }, makeKey)],
  ])("with %s is refused before anything is sealed", (_, keys) => {
    expect(() => createSealer(keys, random)).toThrow(/ring has 1 to 8 keys|key has 32 bytes/);
  });

  test("takes as many as eight", () => {
    const keys = Array.from({ length: 8 }, makeKey);
    const sealed = createSealer([keys[7]!], random).seal("session", "text");
    expect(createSealer(keys, random).unseal("session", sealed)).toBe("text");
  });
});
