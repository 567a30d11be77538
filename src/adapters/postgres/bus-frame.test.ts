import fc from "fast-check";
import { expect, test } from "vitest";
import { seed } from "../../../test/scale.ts";
import { fromFrame, toFrames } from "./bus-frame.ts";

const message = fc.record({
  channel: fc.stringMatching(/^[a-z0-9][a-z0-9_.:-]{0,62}$/),
  payload: fc
    .string({ unit: "binary", maxLength: 2_000, size: "max" })
    .filter((text) => !text.includes("\0")),
});

test("messages come out of their frames as they went in, and each frame fits", () => {
  fc.assert(
    fc.property(fc.array(message, { maxLength: 20 }), (messages) => {
      const frames = toFrames(messages);
      expect(frames.flatMap(fromFrame)).toEqual(messages);
      for (const frame of frames) expect(Buffer.byteLength(frame)).toBeLessThan(8_000);
    }),
    { seed: seed() },
  );
});

test("a frame of somebody else's gives no messages", () => {
  for (const frame of ["", "hello", "3:4:newsab", "99:9999:x", "{}", "1:1:"]) {
    expect(fromFrame(frame)).toEqual([]);
  }
});
