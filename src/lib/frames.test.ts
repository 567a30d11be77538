import fc from "fast-check";
import { expect, test } from "vitest";
import { scaled, seed } from "../../test/scale.ts";
import { createByteBuffer } from "./byte-buffer.ts";
import { createFrameReader, toFrameHead } from "./frames.ts";

const most = 64;
const toFrame = (kind: number, bytes: Uint8Array): Uint8Array =>
  Buffer.concat([toFrameHead(kind, bytes.length), bytes]);

/** In pieces, cut where the numbers say. */
function cut(bytes: Uint8Array, cuts: readonly number[]): readonly Uint8Array[] {
  const places = [0, ...cuts.map((one) => one % (bytes.length + 1)).toSorted((a, b) => a - b)];
  return places.map((from, index) => bytes.subarray(from, places[index + 1]));
}

test("frames come out as they went in, wherever the stream is cut", () => {
  const frame = fc.tuple(fc.integer({ min: 0, max: 255 }), fc.uint8Array({ maxLength: most - 1 }));
  fc.assert(
    fc.property(fc.array(frame, { maxLength: 8 }), fc.array(fc.nat()), (frames, cuts) => {
      const read = createFrameReader(most);
      const all = Buffer.concat(frames.map(([kind, bytes]) => toFrame(kind, bytes)));
      const got = cut(all, cuts).flatMap((piece) => read(piece).frames);
      expect(got.map((one) => [...one])).toEqual(frames.map(([kind, bytes]) => [kind, ...bytes]));
    }),
    { numRuns: scaled({ test: 200, prove: 20_000 }), seed: seed() },
  );
});

test.each([
  ["an empty frame", [0, 0, 0, 0]],
  ["one that is too large", [0, 0, 0, most + 1]],
  ["the largest length", [255, 255, 255, 255, 1, 2]],
])("%s ends the reading for good", (_, bytes) => {
  const read = createFrameReader(most);
  const well = toFrame(1, new Uint8Array([2]));
  const { frames, isBroken } = read(Buffer.concat([well, Uint8Array.from(bytes), well]));
  expect({ frames: frames.length, isBroken }).toEqual({ frames: 1, isBroken: true });
  expect(read(well)).toEqual({ frames: [], isBroken: true });
});

test("a buffer holds what came in pieces, and gives a copy", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 600 }), { maxLength: 10 }), (pieces) => {
      const buffer = createByteBuffer();
      for (const piece of pieces) buffer.add(piece);
      const bytes = buffer.toBytes();
      expect([...bytes]).toEqual(pieces.flatMap((piece) => [...piece]));
      expect(buffer.size).toBe(bytes.length);
      bytes.fill(0);
      expect([...buffer.toBytes()]).toEqual(pieces.flatMap((piece) => [...piece]));
    }),
    { numRuns: scaled({ test: 100, prove: 5_000 }), seed: seed() },
  );
});
