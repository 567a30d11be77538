import fc from "fast-check";
import { expect, test } from "vitest";
import { createMask } from "./mask.ts";

const secrets = ["abcabcabd", "abcabcabcabc", "the-secret-of-it", "the-secret-of-it-is-long"];

/** Each byte of each secret, wherever it stands, is a star, and all else is as it was. */
function toExpected(text: string): string {
  const shown = text.split("");
  for (const secret of secrets)
    for (let at = text.indexOf(secret); at >= 0; at = text.indexOf(secret, at + 1))
      shown.fill("*", at, at + secret.length);
  return shown.join("");
}

function maskIn(pieces: readonly Buffer[]): string {
  const mask = createMask(secrets);
  return [...pieces, null].map((piece) => mask(piece).toString("latin1")).join("");
}

test("nothing of it depends on how a text is cut, and no length changes", () => {
  const word = fc.constantFrom(
    "a",
    "b",
    "c",
    "ab",
    "abcabc",
    "x",
    "-is-long",
    "\u00ff",
    ...secrets,
  );
  fc.assert(
    fc.property(fc.array(word, { maxLength: 40 }), fc.array(fc.nat(20)), (words, cuts) => {
      const whole = Buffer.from(words.join(""), "latin1");
      const pieces: Buffer[] = [];
      let at = 0;
      for (const cut of cuts) {
        pieces.push(whole.subarray(at, at + cut));
        at += cut;
      }
      const said = maskIn([...pieces, whole.subarray(at)]);
      expect(said).toHaveLength(whole.length);
      expect(said).toBe(toExpected(whole.toString("latin1")));
      for (const secret of secrets) expect(said).not.toContain(secret);
    }),
  );
});

test("what is no secret comes at once", () => {
  const mask = createMask(secrets);
  expect(mask(Buffer.from("plain the-secret-")).toString()).toBe("plain ");
  expect(mask(Buffer.from("ly")).toString()).toBe("the-secret-ly");
});

test("what is too short to be told from ordinary words is let through", () => {
  const mask = createMask(["token"]);
  expect(mask(Buffer.from("a token")).toString()).toBe("a token");
});
