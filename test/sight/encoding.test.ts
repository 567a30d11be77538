import fc from "fast-check";
import { expect, test } from "vitest";
import { encodeSpans } from "../../src/adapters/otel/encode-spans.ts";
import { readRejected } from "../../src/adapters/otel/read-rejected.ts";
import {
  attributes as kinds,
  type AttributeName,
  type Attributes,
} from "../../src/model/span-attributes.ts";
import { seed } from "../scale.ts";
import { decode, readResource, toPartial } from "./collector.ts";
import { makeSpan } from "./made-up-spans.ts";

const version = "1.2.3";
const runs = { seed: seed(), numRuns: 300 };

test("a span is read by the official messages as it is", () => {
  const body = encodeSpans([makeSpan({ parentSpanId: "00f067aa0ba902b7", isError: true })], {
    version,
  });
  expect(decode(body)).toEqual([
    {
      traceId: "0af7651916cd43dd8448eb211c80319c",
      spanId: "b7ad6b7169203331",
      parentSpanId: "00f067aa0ba902b7",
      name: "execute_tool bank__pay",
      kind: 3,
      startMs: 1_000,
      endMs: 2_500,
      attributes: { "gen_ai.tool.name": { string: "bank__pay" } },
      status: { code: 2 },
      bytes: expect.any(String) as string,
    },
  ]);
  expect(readResource(body)).toEqual({
    attributes: [
      { key: "service.name", value: { stringValue: "countersign" } },
      { key: "service.version", value: { stringValue: version } },
    ],
  });
});

const valueOf = {
  string: fc.string({ unit: "binary" }),
  int: fc.integer({ min: -(2 ** 31), max: Number.MAX_SAFE_INTEGER }),
  double: fc.double({ noNaN: true }),
  bool: fc.boolean(),
  strings: fc.array(fc.string(), { maxLength: 4 }),
} as const;

const attributeArbitrary = fc
  .constantFrom(...(Object.keys(kinds) as AttributeName[]))
  .chain((name) => fc.tuple(fc.constant(name), valueOf[kinds[name]] as fc.Arbitrary<unknown>));

function toExpected(name: AttributeName, value: unknown): unknown {
  const kind = kinds[name];
  if (kind === "string") return { string: (value as string).toWellFormed() };
  if (kind === "int") return { int: String(value) };
  if (kind === "strings")
    return { array: (value as string[]).map((each) => ({ string: each.toWellFormed() })) };
  return { [kind]: value };
}

test("whatever is in a span is in its bytes, with its kind", () => {
  fc.assert(
    fc.property(
      fc.array(attributeArbitrary, { maxLength: 12 }),
      fc.string({ unit: "binary" }),
      fc.integer({ min: 0, max: 4_000_000_000_000 }),
      (pairs, name, startMs) => {
        const attributes = Object.fromEntries(pairs) as Attributes;
        const span = makeSpan({ name, startMs, endMs: startMs + 0.5, attributes });
        const [read] = decode(encodeSpans([span], { version }));
        expect(read).toMatchObject({ name: name.toWellFormed(), startMs, endMs: startMs + 0.5 });
        const expected = Object.entries(attributes).map(([key, value]) => [
          key,
          toExpected(key as AttributeName, value),
        ]);
        expect(read!.attributes).toEqual(Object.fromEntries(expected));
      },
    ),
    runs,
  );
});

test("what a collector rejects is read, and nothing else counts", () => {
  expect(readRejected(toPartial(3))).toBe(3);
  expect(readRejected(toPartial(0))).toBe(0);
  expect(readRejected(new Uint8Array())).toBe(0);
  expect(readRejected(Buffer.from("<html>not found</html>"))).toBe(0);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      expect(readRejected(bytes)).toBeGreaterThanOrEqual(0);
    }),
    runs,
  );
});
