import fc from "fast-check";
import { Duplex } from "node:stream";
import { expect, test } from "vitest";
import { scaled, seed } from "../../../../test/scale.ts";
import { createSeededRandom } from "../../../ports/seeded-random.ts";
import { createManualClock } from "../../../ports/manual-clock.ts";
import { GuestLink } from "./guest-link.ts";
import { windowBytes } from "./guest/channels.ts";
import {
  createFrameReader,
  kinds,
  mostPiece,
  mostPayload,
  streams,
  toFrame,
} from "./guest/frames.ts";
import { warmUps } from "./box.ts";

/** The other end of a link, which says whatever a test wants. */
function createLink({ takesConnections = true } = {}) {
  const connections: Duplex[] = [];
  const told: number[] = [];
  const listen = createFrameReader({
    most: () => mostPayload,
    take: ({ kind }) => told.push(kind),
    breach: () => told.push(-1),
  });
  const socket = new Duplex({
    read: () => undefined,
    write: (chunk: Buffer, _, done) => {
      listen(chunk);
      done();
    },
  });
  const link = new GuestLink({
    socket,
    onConnection: takesConnections ? (one) => void connections.push(one) : null,
  });
  let broken: string | null = null;
  void link.broken.then((reason) => {
    broken = reason;
  });
  const say = (stream: number, kind: number, payload: Uint8Array | string = "") =>
    socket.push(toFrame(stream, kind, Buffer.from(payload)));
  return { link, socket, say, told, connections, broken: () => broken };
}
const settle = () => new Promise((resolve) => setTimeout(resolve, 5));
const request = { ...warmUps[0]!, isWarmUp: false };

async function begin(options?: { takesConnections: boolean }) {
  const all = createLink(options);
  const starting = all.link.start(request);
  all.say(streams.control, kinds.started, "{}");
  expect(await starting).toBeNull();
  return all;
}

test("a guest that does as it is told carries a program", async () => {
  const { link, say, broken } = await begin();
  const ended = link.whenEnded(createManualClock(0), 1_000);
  say(streams.stdout, kinds.data, "said");
  say(streams.stdout, kinds.end);
  say(streams.stderr, kinds.end);
  const end = { exitCode: 3, memoryPeakBytes: 1, refusedProcesses: 0, memoryKills: 0 };
  say(streams.control, kinds.ended, JSON.stringify(end));
  expect(await ended).toEqual(end);
  expect(broken()).toBeNull();
});

test("one that ends right after it began is heard", async () => {
  const { link, say } = createLink();
  const starting = link.start(request);
  const end = { exitCode: 0, memoryPeakBytes: null, refusedProcesses: null, memoryKills: null };
  say(streams.control, kinds.started, "{}");
  say(streams.control, kinds.ended, JSON.stringify(end));
  await starting;
  for (const stream of [streams.stdout, streams.stderr]) say(stream, kinds.end);
  expect(await link.whenEnded(createManualClock(0), 1_000)).toEqual(end);
});

test("a machine that takes no chance of its own is not used", async () => {
  const { link, say } = createLink();
  const attaching = link.attach(0, createSeededRandom(1));
  say(streams.control, kinds.attached, '{"status":1}');
  await expect(attaching).rejects.toThrow("no chance");
});

type Say = Awaited<ReturnType<typeof begin>>["say"];
const hostile: readonly (readonly [string, (say: Say) => void])[] = [
  [
    "an end of a program that it tells twice",
    (say) => {
      for (const _ of [1, 2]) say(streams.control, kinds.ended, "null");
    },
  ],
  [
    "an answer that nobody asked for",
    (say) => void say(streams.control, kinds.attached, '{"status":0}'),
  ],
  ["a kind that only the host says", (say) => void say(streams.control, kinds.start, "{}")],
  ["an answer that is no JSON", (say) => void say(streams.control, kinds.ended, "{")],
  [
    "an answer of another shape",
    (say) => void say(streams.control, kinds.ended, '{"exitCode":"0"}'),
  ],
  [
    "an exit code that there is none of",
    (say) =>
      void say(
        streams.control,
        kinds.ended,
        '{"exitCode":256,"memoryPeakBytes":null,"refusedProcesses":null,"memoryKills":null}',
      ),
  ],
  [
    "an answer too long to be one",
    (say) => void say(streams.control, kinds.ended, " ".repeat(8_192)),
  ],
  ["data on the control stream", (say) => void say(streams.control, kinds.data, "x")],
  ["data on the program's own input", (say) => void say(streams.stdin, kinds.data, "x")],
  ["an answer on another stream", (say) => void say(streams.stdout, kinds.ended, "null")],
  ["data on a stream that is not open", (say) => void say(77, kinds.data, "x")],
  ["a connection by a number of the streams", (say) => void say(streams.stdout, kinds.open)],
  [
    "a connection that is open already",
    (say) => {
      for (const _ of [1, 2]) say(20, kinds.open);
    },
  ],
  [
    "a connection older than the last",
    (say) => {
      for (const stream of [30, 29]) say(stream, kinds.open);
    },
  ],
  [
    "more output than there is credit for",
    (say) => {
      for (let sent = 0; sent <= 3 * windowBytes; sent += mostPiece)
        say(streams.stdout, kinds.data, Buffer.alloc(mostPiece));
    },
  ],
  [
    "more connections than it may have",
    (say) => {
      for (let stream = 16; stream < 1_000; stream += 1) say(stream, kinds.open);
    },
  ],
];

test.each(hostile)("I12: %s ends the machine", async (_, act) => {
  const { say, broken } = await begin();
  act(say);
  await settle();
  expect(broken()).toContain("its guest sent");
});

test("I12: a program without a proxy opens no connection", async () => {
  const { say, connections, broken } = await begin({ takesConnections: false });
  say(16, kinds.open);
  await settle();
  expect(broken()).toContain("a connection");
  expect(connections).toEqual([]);
});

test("I13: connections are held by the hundred at most, and what nobody reads by the window", async () => {
  const { say, connections, link } = await begin();
  for (let stream = 16; stream < 5_000; stream += 1) {
    say(stream, kinds.open);
    for (let sent = 0; sent < 4; sent += 1) say(stream, kinds.data, Buffer.alloc(mostPiece));
  }
  await settle();
  expect(connections.length).toBeLessThanOrEqual(520);
  link.close();
});

test("after a breach nothing is taken and nothing is said", async () => {
  const { say, told, link, connections } = await begin();
  say(streams.control, kinds.open);
  await settle();
  const before = told.length;
  say(16, kinds.open);
  link.stdin.write("x");
  link.terminate();
  await settle();
  expect(told.length).toBe(before);
  expect(connections).toEqual([]);
});

test("I12: random bytes never do more than end the machine", async () => {
  const chunks = fc.array(fc.uint8Array({ maxLength: 64 }), { minLength: 1, maxLength: 16 });
  // Heads that are right, so that what follows them is read as well.
  const frames = fc.array(
    fc.tuple(
      fc.integer({ min: 0, max: 40 }),
      fc.integer({ min: 0, max: 15 }),
      fc.uint8Array({ maxLength: 40 }),
    ),
    { maxLength: 24 },
  );
  await fc.assert(
    fc.asyncProperty(chunks, frames, async (random, made) => {
      const { socket, link, connections } = await begin();
      for (const [stream, kind, payload] of made) socket.push(toFrame(stream, kind, payload));
      for (const chunk of random) socket.push(Buffer.from(chunk));
      await new Promise((resolve) => setImmediate(resolve));
      expect(connections.length).toBeLessThanOrEqual(made.length + random.length);
      expect(link.stdout.readableLength).toBeLessThanOrEqual(2 * windowBytes);
      link.close();
    }),
    { seed: seed(), numRuns: scaled({ test: 150, prove: 10_000 }) },
  );
});
