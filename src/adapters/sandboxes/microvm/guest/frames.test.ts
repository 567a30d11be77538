import fc from "fast-check";
import { expect, test } from "vitest";
import { scaled, seed } from "../../../../../test/scale.ts";
import { createFrameReader, kinds, mostPiece, toFrame, type Frame } from "./frames.ts";

const most = (kind: number): number | null => (kind === kinds.data ? mostPiece : null);

function read(chunks: readonly Uint8Array[]) {
  const frames: Frame[] = [];
  const breaches: string[] = [];
  const take = createFrameReader({
    most,
    take: ({ payload, ...rest }) => frames.push({ ...rest, payload: Buffer.from(payload) }),
    breach: (reason) => breaches.push(reason),
  });
  for (const chunk of chunks) take(Buffer.from(chunk));
  return { frames, breaches };
}

test("frames come out as they went in, however they were cut", () => {
  const frame = fc.record({
    stream: fc.integer({ min: 0, max: 0xffff_ffff }),
    payload: fc.uint8Array({ maxLength: 300 }),
  });
  const cuts = fc.array(fc.integer({ min: 1, max: 64 }), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(fc.array(frame, { maxLength: 12 }), cuts, (sent, sizes) => {
      const bytes = Buffer.concat(
        sent.map(({ stream, payload }) => toFrame(stream, kinds.data, payload)),
      );
      const chunks: Buffer[] = [];
      for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
        const size = sizes[turn % sizes.length]!;
        chunks.push(bytes.subarray(at, at + size));
        at += size;
      }
      const { frames, breaches } = read(chunks);
      expect(breaches).toEqual([]);
      expect(frames.map(({ stream, payload }) => [stream, [...payload]])).toEqual(
        sent.map(({ stream, payload }) => [stream, [...payload]]),
      );
    }),
    { seed: seed(), numRuns: scaled({ test: 200, prove: 20_000 }) },
  );
});

test("whatever bytes come, no more is held than one frame", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 20 }), (chunks) => {
      const { frames, breaches } = read(chunks);
      expect(breaches.length).toBeLessThanOrEqual(1);
      for (const { payload } of frames) expect(payload.length).toBeLessThanOrEqual(mostPiece);
    }),
    { seed: seed(), numRuns: scaled({ test: 500, prove: 50_000 }) },
  );
});

test.each([
  ["a length that nobody has room for", [0xff, 0xff, 0xff, 0xff, 1, 0, 0, 0, kinds.data]],
  ["a length shorter than a head", [1, 0, 0, 0, 1, 0, 0, 0, kinds.data]],
  ["no length at all", [0, 0, 0, 0, 1, 0, 0, 0, kinds.data]],
  ["one more byte than it may have", [...u32(mostPiece + 6), 1, 0, 0, 0, kinds.data]],
  ["an unknown kind", [5, 0, 0, 0, 1, 0, 0, 0, 200]],
  ["kind 0", [5, 0, 0, 0, 0, 0, 0, 0, 0]],
])("%s is told before its payload is here, and nothing is read afterwards", (_, head) => {
  const good = toFrame(1, kinds.data, Buffer.from("x"));
  const { frames, breaches } = read([Buffer.from(head), good, good]);
  expect(breaches).toHaveLength(1);
  expect(frames).toEqual([]);
});

function u32(value: number): readonly number[] {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return [...bytes];
}
