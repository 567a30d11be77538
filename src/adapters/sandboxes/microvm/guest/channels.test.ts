import { once } from "node:events";
import { buffer } from "node:stream/consumers";
import { expect, test } from "vitest";
import { createChannels, windowBytes, type Channels } from "./channels.ts";
import { kinds, mostPiece } from "./frames.ts";

/** Two sides of a wire, which takes its time. */
function connect() {
  const wrong: string[] = [];
  const counts = { data: 0 };
  const toward = (other: () => Channels) => (stream: number, kind: number, bytes: Uint8Array) => {
    const payload = Buffer.from(bytes);
    if (kind === kinds.data) counts.data += payload.length;
    setImmediate(() => {
      const told = other().take({ stream, kind, payload });
      if (told !== null) wrong.push(told);
    });
  };
  const left: Channels = createChannels(toward(() => right));
  const right: Channels = createChannels(toward(() => left));
  return { left, right, wrong, counts };
}
const rest = () => new Promise((resolve) => setTimeout(resolve, 20));

test("a stream carries all that is written, and its end", async () => {
  const { left, right, wrong } = connect();
  const text = Buffer.alloc(windowBytes * 5 + 17, "0123456789");
  left.open(2, "out").end(text);
  expect((await buffer(right.open(2, "in"))).equals(text)).toBe(true);
  await rest();
  expect(wrong).toEqual([]);
  expect([left.size, right.size]).toEqual([0, 0]);
});

test("a connection carries both ways, and each side ends by itself", async () => {
  const { left, right, wrong } = connect();
  const [here, there] = [left.open(16, "both"), right.open(16, "both")];
  here.end("a question");
  expect(String(await buffer(there))).toBe("a question");
  there.end("an answer");
  expect(String(await buffer(here))).toBe("an answer");
  await rest();
  expect(wrong).toEqual([]);
  expect([left.size, right.size]).toEqual([0, 0]);
});

test("one that nobody reads takes a window's room, and holds up no other", async () => {
  const { left, right, counts } = connect();
  const flooded = left.open(2, "out");
  right.open(2, "in");
  flooded.write(Buffer.alloc(64 * 1024 * 1024));
  const other = left.open(3, "out");
  other.end("still here");
  expect(String(await buffer(right.open(3, "in")))).toBe("still here");
  await rest();
  // What is in the reader's own buffer counts as read.
  expect(counts.data).toBeLessThan(3 * windowBytes);
  expect(flooded.writableNeedDrain).toBe(true);
});

test("what is granted at the end comes through without a reader", async () => {
  const { left, right } = connect();
  const inward = right.open(2, "in");
  left.open(2, "out").end(Buffer.alloc(windowBytes * 3));
  await rest();
  right.grant(2, windowBytes * 3);
  await right.whenOver(2);
  expect((await buffer(inward)).length).toBe(windowBytes * 3);
});

test("who stops reading tells the other, which stops writing", async () => {
  const { left, right, wrong } = connect();
  const outward = left.open(16, "both");
  const inward = right.open(16, "both");
  outward.write(Buffer.alloc(windowBytes * 4));
  inward.once("data", () => inward.destroy());
  await once(outward, "close");
  await rest();
  expect(wrong).toEqual([]);
  expect([left.size, right.size]).toEqual([0, 0]);
});

test("of an other side that is gone, what came may still be read", async () => {
  const { left, right } = connect();
  const inward = right.open(2, "in");
  left.open(2, "out").write("the last words");
  await rest();
  right.finish();
  expect(String(await buffer(inward))).toBe("the last words");
});

test.each([
  ["more data than there was room for", toFlood()],
  ["data after the end", [end(), data(1)]],
  ["a second end", [end(), end()]],
  ["credit that nobody gives", [{ kind: kinds.credit, payload: u32(0xffff_ffff) }]],
  ["credit of nothing", [{ kind: kinds.credit, payload: u32(0) }]],
  ["credit of no number", [{ kind: kinds.credit, payload: Buffer.alloc(1) }]],
])("%s is a breach", (_, frames) => {
  const channels = createChannels(() => undefined);
  channels.open(16, "both");
  const told = frames.map((frame) => channels.take({ stream: 16, ...frame }));
  expect(told.at(-1)).toBeTypeOf("string");
  expect(told.slice(0, -1).every((one) => one === null)).toBe(true);
});

test.each([data(1), end()])("a stream that was never opened takes nothing", (frame) => {
  expect(createChannels(() => undefined).take({ stream: 99, ...frame })).toBeTypeOf("string");
});

function toFlood() {
  return [...Array.from({ length: windowBytes / mostPiece }, () => data(mostPiece)), data(1)];
}
function data(bytes: number) {
  return { kind: kinds.data, payload: Buffer.alloc(bytes) };
}
function end() {
  return { kind: kinds.end, payload: Buffer.alloc(0) };
}
function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
