import fc from "fast-check";
import { expect, test } from "vitest";
import { seed } from "../../../test/scale.ts";
import { createBodyPart } from "./request-body.ts";
import type { Framing } from "./request-head.ts";

const bytes = fc.uint8Array({ minLength: 1, maxLength: 40 }).map((each) => Buffer.from(each));

function cutAndTake(framing: Framing, sent: Buffer, sizes: readonly number[]): Buffer {
  const toPart = createBodyPart(framing);
  const parts: Buffer[] = [];
  for (let at = 0, step = 0; at < sent.length; step += 1) {
    const size = sizes[step % sizes.length]!;
    parts.push(toPart(sent.subarray(at, at + size)));
    at += size;
  }
  return Buffer.concat(parts);
}

test("of what follows a head its body goes on and nothing behind it, however it is cut", () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(fc.array(bytes, { maxLength: 5 }), bytes, sizes, (chunks, more, cuts) => {
      const plain = Buffer.concat(chunks);
      const length: Framing = { kind: "length", bytes: plain.length };
      expect(cutAndTake(length, Buffer.concat([plain, more]), cuts)).toEqual(plain);
      const framed = chunks.map((chunk) =>
        Buffer.concat([
          Buffer.from(`${chunk.length.toString(16)}\r\n`),
          chunk,
          Buffer.from("\r\n"),
        ]),
      );
      const body = Buffer.concat([...framed, Buffer.from("0\r\n\r\n")]);
      expect(cutAndTake({ kind: "chunked" }, Buffer.concat([body, more]), cuts)).toEqual(body);
    }),
    { seed: seed(), numRuns: 300 },
  );
});
