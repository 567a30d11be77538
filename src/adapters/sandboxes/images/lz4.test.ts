import fc from "fast-check";
import { expect, test } from "vitest";
import { scaled, seed } from "../../../../test/scale.ts";
import { Fault } from "../../../model/index.ts";
import { unpackLz4 } from "./lz4.ts";

/** One turn: bytes as they are, and then how many of those before come again, from how far back. */
interface Turn {
  readonly literals: Uint8Array;
  readonly back: number;
  readonly length: number;
}

const magic = Buffer.from([0x02, 0x21, 0x4c, 0x18]);
const toLength = (rest: number): number[] => (rest < 255 ? [rest] : [255, ...toLength(rest - 255)]);
const toNibble = (length: number): number => Math.min(length, 15);
const toMore = (length: number): number[] => (length < 15 ? [] : toLength(length - 15));

function toBlock(turns: readonly Turn[], last: Uint8Array): Buffer {
  const bytes = turns.flatMap(({ literals, back, length }) => [
    (toNibble(literals.length) << 4) | toNibble(length - 4),
    ...toMore(literals.length),
    ...literals,
    back & 255,
    back >> 8,
    ...toMore(length - 4),
  ]);
  return Buffer.from([...bytes, toNibble(last.length) << 4, ...toMore(last.length), ...last]);
}

function toStream(...blocks: readonly Uint8Array[]): Buffer {
  const parts = blocks.flatMap((block) => {
    const length = Buffer.alloc(4);
    length.writeUInt32LE(block.length);
    return [length, block];
  });
  return Buffer.concat([magic, ...parts]);
}

/** As the format says it, byte by byte. */
function expand(turns: readonly Turn[], last: Uint8Array): Buffer {
  const out: number[] = [];
  for (const { literals, back, length } of turns) {
    out.push(...literals);
    for (let i = 0; i < length; i += 1) out.push(out.at(-back)!);
  }
  return Buffer.from([...out, ...last]);
}

const most = 1024 * 1024;

test("what comes again may overlap what is being written", () => {
  const turns = [{ literals: Buffer.from("ab"), back: 2, length: 7 }];
  expect(String(unpackLz4(toStream(toBlock(turns, Buffer.from("!"))), most))).toBe("ababababa!");
});

test("blocks follow each other, and know nothing of each other", () => {
  const block = toBlock([{ literals: Buffer.from("x"), back: 1, length: 5 }], Buffer.from("y"));
  expect(String(unpackLz4(toStream(block, block), most))).toBe("xxxxxxyxxxxxxy");
});

const turn = fc
  .record({
    literals: fc.uint8Array({ minLength: 1, maxLength: 300 }),
    back: fc.nat(),
    length: fc.integer({ min: 4, max: 600 }),
  })
  .map(({ literals, back, length }) => ({
    literals,
    back: (back % literals.length) + 1,
    length,
  }));

test("whatever is packed comes out again", () => {
  fc.assert(
    fc.property(fc.array(turn, { maxLength: 20 }), fc.uint8Array(), (turns, last) => {
      const unpacked = unpackLz4(toStream(toBlock(turns, last)), most);
      expect(unpacked.equals(expand(turns, last))).toBe(true);
    }),
    { numRuns: scaled({ test: 200, prove: 5_000 }), seed: seed() },
  );
});

test("whatever bytes there are, they are unpacked within the bound or refused", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      try {
        expect(unpackLz4(toStream(bytes), most).length).toBeLessThanOrEqual(most);
      } catch (error) {
        expect(error).toBeInstanceOf(Fault);
      }
    }),
    { numRuns: scaled({ test: 50, prove: 2_000 }), seed: seed() },
  );
});

test.each([
  ["other bytes", Buffer.from("no kernel here"), "begins otherwise"],
  ["nothing", Buffer.alloc(0), "begins otherwise"],
  ["half a length", Buffer.concat([magic, Buffer.alloc(5), Buffer.from([1, 0])]), "ends within"],
  ["half a block", toStream(Buffer.from("abcdef")).subarray(0, 11), "ends within a block"],
  ["a copy of nothing", toStream(Buffer.from([0x10, 65, 0, 0, 0])), "runs over its end"],
  ["a copy from before the begin", toStream(Buffer.from([0x10, 65, 9, 0, 0])), "runs over its end"],
  ["literals that are not there", toStream(Buffer.from([0xf0, 255, 9, 65])), "runs over its end"],
])("%s is refused", (_, packed, reason) => {
  expect(() => unpackLz4(packed, most)).toThrow(reason);
});

test("a few bytes do not become more than the bound", () => {
  const long = { literals: Buffer.from("a"), back: 1, length: 100_000 };
  const packed = toStream(toBlock([long], Buffer.from("b")));
  expect(packed.length).toBeLessThan(500);
  expect(() => unpackLz4(packed, 50_000)).toThrow("larger than a kernel");
});
