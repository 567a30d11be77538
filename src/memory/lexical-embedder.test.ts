import { expect, test } from "vitest";
import { toCosine } from "../lib/cosine.ts";
import { createLexicalEmbedder } from "./lexical-embedder.ts";

const embedder = createLexicalEmbedder();
const embed = async (...texts: string[]) => embedder.embed(texts, new AbortController().signal);

test("it says what it is, and the same text is the same vector, of length one", async () => {
  expect(embedder.id).toContain("no meaning");
  expect(embedder.version).toBe("1@256");
  const [one, other] = await embed("A seat at the window", "a SEAT at the window!");
  expect(one).toHaveLength(embedder.dimensions);
  expect(one).toEqual(other);
  expect(toCosine(one!, one!)).toBeCloseTo(1, 6);
  expect(Math.hypot(...one!)).toBeCloseTo(1, 6);
});

test("its vectors are these in this version: another function is another version", async () => {
  const [vector] = await embed("window seat");
  const sum = vector!.reduce((total, value, at) => total + value * (at + 1), 0);
  expect(sum).toBeCloseTo(298.1068, 2);
});

test("like spellings are near, others are not, and no words are nowhere", async () => {
  const [asked, bent, misspelt, other, none] = await embed(
    "cancelled bookings",
    "cancellation of a booking",
    "canceled bokings",
    "violin rehearsal upstairs",
    "— !",
  );
  const { leastLikeness } = embedder;
  expect(toCosine(asked!, bent!)).toBeGreaterThan(leastLikeness);
  expect(toCosine(asked!, misspelt!)).toBeGreaterThan(leastLikeness);
  expect(toCosine(asked!, other!)).toBeLessThan(leastLikeness);
  expect(none!.every((value) => value === 0)).toBe(true);
});

test("very many repetitions and very long texts stay within bounds", async () => {
  const [long] = await embed("word ".repeat(100_000) + "x".repeat(100_000));
  expect(Math.hypot(...long!)).toBeCloseTo(1, 6);
});
