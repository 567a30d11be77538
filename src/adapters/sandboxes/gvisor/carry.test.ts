import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { afterEach, beforeEach, expect, test } from "vitest";
import { carryConnections } from "./carry.ts";

const kinds = { up: 1, begin: 2, open: 3, bytes: 4, more: 5, end: 6, close: 7 };

/** A program that has taken over our own part of its sandbox, and says what it likes. */
let program: Socket;
let channel: Socket;
let taken: Duplex[];
beforeEach(async () => {
  taken = [];
  const server = createServer().listen(0, "127.0.0.1");
  const accepted = once(server, "connection");
  await once(server, "listening");
  program = connect((server.address() as AddressInfo).port, "127.0.0.1");
  program.on("error", () => undefined);
  [channel] = (await accepted) as [Socket];
  server.close();
});
afterEach(() => {
  program.destroy();
  channel.destroy();
});

const carry = () =>
  carryConnections(channel, {
    environment: { GIVEN: "to it" },
    onConnection: (socket) => taken.push(socket),
  });

function say(kind: number, id: number, bytes: Uint8Array = new Uint8Array(0)): void {
  const frame = Buffer.alloc(9 + bytes.length);
  frame.writeUInt32BE(5 + bytes.length, 0);
  frame.writeUInt8(kind, 4);
  frame.writeUInt32BE(id, 5);
  frame.set(bytes, 9);
  program.write(frame);
}

const hungUp = () => (channel.destroyed ? Promise.resolve() : once(channel, "close"));

test("a connection is handed over once the way out is there, and carries both ways", async () => {
  const opening = carry();
  say(kinds.up, 0);
  const outlet = await opening;
  say(kinds.open, 1);
  say(kinds.bytes, 1, Buffer.from("a question"));
  say(kinds.end, 1);
  await expect.poll(() => taken.length).toBe(1);
  expect(String(await once(taken[0]!, "data"))).toBe("a question");
  taken[0]!.end("an answer");
  let heard = "";
  program.on("data", (chunk: Buffer) => (heard += chunk.toString("latin1")));
  await expect.poll(() => heard).toContain("an answer");
  expect(heard).toContain('{"GIVEN":"to it"}');
  outlet.close();
  await hungUp();
});

test.each<[string, () => void]>([
  ["opens before it is up", () => say(kinds.open, 1)],
  [
    "is up twice",
    () => {
      say(kinds.up, 0);
      say(kinds.up, 0);
    },
  ],
  [
    "opens one twice",
    () => {
      say(kinds.up, 0);
      say(kinds.open, 1);
      say(kinds.open, 1);
    },
  ],
  [
    "says more than its window holds",
    () => {
      say(kinds.up, 0);
      say(kinds.open, 1);
      for (let count = 0; count < 8; count += 1) say(kinds.bytes, 1, Buffer.alloc(48 * 1024));
    },
  ],
  [
    "gives more room than it was sent",
    () => {
      say(kinds.up, 0);
      say(kinds.open, 1);
      say(kinds.more, 1, Buffer.from([0, 1, 0, 0]));
    },
  ],
  [
    "says something after its end",
    () => {
      say(kinds.up, 0);
      say(kinds.open, 1);
      say(kinds.end, 1);
      say(kinds.bytes, 1, Buffer.from("more"));
    },
  ],
  [
    "says a kind that there is not",
    () => {
      say(kinds.up, 0);
      say(kinds.open, 1);
      say(99, 1);
    },
  ],
  ["says no frames", () => void program.write(Buffer.alloc(64, 0xff))],
])("I12: one that %s is hung up on", async (_, act) => {
  const opening = carry().catch(() => null);
  act();
  await hungUp();
  for (const socket of taken) expect(socket.destroyed).toBe(true);
  await opening;
});

test("I12: no more connections are open than may be", async () => {
  const opening = carry();
  say(kinds.up, 0);
  for (let id = 1; id <= 300; id += 1) say(kinds.open, id);
  await opening;
  await expect.poll(() => taken.length).toBe(256);
  expect(channel.destroyed).toBe(false);
});

test("I12: what comes a byte at a time and is not read takes no more room than what comes at once", async () => {
  const opening = carry();
  say(kinds.up, 0);
  await opening;
  say(kinds.open, 1);
  const bytes = 64 * 1024;
  const frame = Buffer.from([0, 0, 0, 6, kinds.bytes, 0, 0, 0, 1, 7]);
  program.write(Buffer.concat(Array<Buffer>(bytes).fill(frame)));
  say(kinds.end, 1);
  // After all of that, since one follows the other.
  say(kinds.open, 2);
  await expect.poll(() => taken.length).toBe(2);
  const pieces: Buffer[] = [];
  taken[0]!.on("data", (piece: Buffer) => pieces.push(piece));
  await once(taken[0]!, "end");
  expect(pieces).toHaveLength(1);
  expect(pieces[0]!.equals(Buffer.alloc(bytes, 7))).toBe(true);
});
