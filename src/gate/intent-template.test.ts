import fc from "fast-check";
import { expect, test } from "vitest";
import { scaled, seed } from "../../test/scale.ts";
import { parseStrictJson, type Json } from "../lib/strict-json.ts";
import {
  intentSchema,
  principalSchema,
  saltLength,
  toCanonicalText,
  toCommitment,
  toDigest,
  toIntentDigest,
  toUuidV7,
  type RunId,
} from "../model/index.ts";
import { createSeededRandom } from "../ports/seeded-random.ts";
import { createIntentTemplate, createRandomPool } from "./intent-template.ts";

const runs = [1, 2].map((at) => toUuidV7(at, new Uint8Array(10).fill(at)) as RunId);
const nameArbitrary = fc
  .string({ unit: "binary", minLength: 1, maxLength: 60 })
  .filter((name) => !/\p{Cc}/u.test(name));
const digestArbitrary = fc.string().map(toDigest);
const jsonArbitrary = fc.jsonValue({ maxDepth: 3, stringUnit: "binary" }) as fc.Arbitrary<Json>;
/** What the strict parser lets in: no integer is larger than a double keeps. */
const objectArbitrary = fc
  .dictionary(fc.string({ unit: "binary" }), jsonArbitrary)
  .filter((object) => parseStrictJson(toCanonicalText(object)).kind === "parsed");

const partsArbitrary = fc.record({
  principal: fc
    .record({
      tenant: fc.constantFrom("acme", "a-b", "0"),
      kind: fc.constantFrom("user", "service"),
      subject: nameArbitrary,
      actor: fc.option(fc.record({ agent: nameArbitrary, bundle: digestArbitrary })),
    })
    .map((principal) => principalSchema.parse(principal)),
  server: nameArbitrary,
  method: fc.oneof(fc.constantFrom("tools/call", "resources/read"), nameArbitrary),
  target: nameArbitrary,
  definition: fc.option(digestArbitrary),
  policy: digestArbitrary,
});
const runArbitrary = fc.record(
  {
    run: fc.constantFrom(...runs),
    step: fc.nat(),
    ordinal: fc.nat(),
    basis: fc.record({
      digest: digestArbitrary,
      untilMs: fc.nat(),
      shown: fc.constant([]),
    }),
  },
  { requiredKeys: ["run", "step", "ordinal"] },
);
const valuesArbitrary = fc.record({
  args: objectArbitrary,
  salt: fc.uint8Array({ minLength: saltLength, maxLength: saltLength }),
  forwarded: objectArbitrary,
  notAfterMs: fc.maxSafeNat(),
  run: fc.option(runArbitrary, { nil: undefined }),
});

test("I3: what a template fills in has the digest of the intent that the model says it is", () => {
  const fillings = fc.array(valuesArbitrary, { minLength: 1, maxLength: 3 });
  fc.assert(
    fc.property(partsArbitrary, fillings, (parts, filled) => {
      const template = createIntentTemplate(parts);
      const { actor } = parts.principal;
      for (const { args, salt, forwarded, notAfterMs, run } of filled) {
        const { basis, ...place } = run ?? {};
        const intent = intentSchema.parse({
          v: 1,
          ...parts,
          tenant: parts.principal.tenant,
          agent: actor?.agent ?? null,
          bundle: actor?.bundle ?? null,
          run: null,
          step: null,
          ...place,
          ...(basis === undefined ? {} : { facts: basis.digest }),
          args: toCommitment(salt, args),
          forwarded,
          task: null,
          notAfterMs,
        });
        const given = { salt: Buffer.from(salt).toString("hex"), forwarded, notAfterMs, run };
        expect(template.fill({ canonical: toCanonicalText(args), ...given })).toBe(
          toIntentDigest(intent),
        );
      }
    }),
    { seed: seed(), numRuns: scaled({ test: 500, prove: 20_000 }) },
  );
});

test("no byte is handed out twice, and none changes once it was handed out", () => {
  const lengths = fc.array(fc.constantFrom(7, 10, saltLength), { minLength: 200, maxLength: 800 });
  fc.assert(
    fc.property(lengths, (wanted) => {
      const random = createSeededRandom(1);
      // A source may write into the same bytes again.
      let source = new Uint8Array();
      let drawn = 0;
      const draw = createRandomPool((length) => {
        drawn += length;
        if (source.length !== length) source = new Uint8Array(length);
        source.set(random.bytes(length));
        return source;
      });
      const given = wanted.map((length) => draw(length));
      const copies = given.map((bytes) => bytes.toString("hex"));
      expect(given.map(({ length }) => length)).toEqual(wanted);
      for (let more = 0; more < 300; more += 1) draw(saltLength);
      expect(given.map((bytes) => bytes.toString("hex"))).toEqual(copies);
      for (const [index, bytes] of given.entries()) {
        const next = given[index + 1];
        if (next === undefined || next.buffer !== bytes.buffer) continue;
        expect(next.byteOffset).toBeGreaterThanOrEqual(bytes.byteOffset + bytes.length);
      }
      expect(new Set(copies).size).toBe(copies.length);
      const used = wanted.reduce((sum, length) => sum + length, 300 * saltLength);
      expect(drawn).toBeGreaterThanOrEqual(used);
    }),
    { seed: seed(), numRuns: scaled({ test: 100, prove: 1_000 }) },
  );
});
