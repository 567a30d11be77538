import { Duplex, duplexPair } from "node:stream";
import { expect, test } from "vitest";
import { toCanonicalText, toDigest } from "../../src/model/index.ts";
import {
  connectHead,
  connectTo,
  send,
  startGate,
  startUpstream,
  type GateSetting,
} from "./egress-under-test.ts";

const host = "api.example.com";

async function startBoth(answer: string | null, setting: Partial<GateSetting> = {}) {
  const upstream = await startUpstream(answer);
  const place = `${host}:${upstream.port}`;
  const gate = await startGate({ rules: [`http://${place}`], ...setting });
  const request = `POST http://${place}/ HTTP/1.1\r\nHost: ${place}\r\n`;
  return { upstream, place, gate, request };
}

/** Turns of the event loop, so that what was written has arrived; how many is never waited for in time. */
async function until(isSo: () => boolean): Promise<void> {
  for (let turns = 0; !isSo() && turns < 10_000; turns += 1) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(isSo()).toBe(true);
}

test("a head that drips is refused when its time is over", async () => {
  const { gate } = await startBoth(null, { limits: { headMs: 5_000 } });
  const { socket, closed } = connectTo(gate.port);
  socket.write("GET http://api");
  await until(() => gate.clock.sleeping > 0);
  gate.clock.advance(4_999);
  socket.write(".example");
  gate.clock.advance(1);
  expect(await closed).toMatch(/^HTTP\/1\.1 408 .*did not come in time\n$/s);
  expect(gate.attempts).toMatchObject([{ verdict: "refused", host: null, ms: 5_000 }]);
});

test("a tunnel in which nothing is said is closed when its time is over", async () => {
  const { place, gate } = await startBoth(null, { limits: { headMs: 5_000 } });
  const { socket, closed, until: untilSent } = connectTo(gate.port);
  socket.write(connectHead(place));
  await untilSent("\r\n\r\n");
  await until(() => gate.clock.sleeping > 1);
  gate.clock.advance(5_000);
  expect(await closed).toBe("HTTP/1.1 200 Connection Established\r\n\r\n");
  expect(gate.attempts).toMatchObject([{ verdict: "refused", ms: 5_000 }]);
});

test.each([
  ["one endless line", "GET http://api.example.com/"],
  ["one endless field", "GET http://api.example.com/ HTTP/1.1\r\nX: "],
])("%s is refused at the bound", async (_what, start) => {
  const { gate } = await startBoth(null, { limits: { headBytes: 4_096 } });
  const { socket, closed } = connectTo(gate.port);
  // So much that it is still being written when the answer comes, and is not lost all the same.
  socket.write(start + "a".repeat(4_000_000));
  expect(await closed).toMatch(/^HTTP\/1\.1 431 /);
});

test("a head of too many fields is refused", async () => {
  const { request, gate } = await startBoth(null);
  expect(await send(gate.port, `${request}${"X: a\r\n".repeat(200)}\r\n`)).toMatch(
    /^HTTP\/1\.1 431 /,
  );
});

test("more bytes than may go out, or come in, end the connection", async () => {
  const limits = { upBytes: 2_000, downBytes: 1_000 };
  const up = await startBoth(null, { limits });
  await send(up.gate.port, `${up.request}Content-Length: 9000\r\n\r\n${"a".repeat(9_000)}`);
  expect(up.gate.attempts).toMatchObject([
    { verdict: "allowed", reason: "more than 2000 bytes up" },
  ]);
  expect(up.upstream.received.join("").length).toBeLessThanOrEqual(2_000);
  const down = await startBoth(`HTTP/1.1 200 OK\r\n\r\n${"b".repeat(5_000)}`, { limits });
  const text = await send(down.gate.port, `${down.request}\r\n`);
  expect(text.length).toBeLessThanOrEqual(1_000);
  expect(down.gate.attempts).toMatchObject([{ reason: "more than 1000 bytes down" }]);
});

test("an upstream that stalls is given up after the idle time, counted from the last byte", async () => {
  const { gate, request, upstream } = await startBoth(null, { limits: { idleMs: 10_000 } });
  const { socket, closed } = connectTo(gate.port);
  socket.write(`${request}Content-Length: 2\r\n\r\n`);
  await until(() => upstream.received[0]?.includes("\r\n\r\n") === true);
  gate.clock.advance(9_000);
  socket.write("a");
  await until(() => upstream.received[0]!.endsWith("a"));
  gate.clock.advance(9_000);
  await until(() => gate.clock.sleeping > 0);
  expect(gate.attempts).toEqual([]);
  gate.clock.advance(1_000);
  await closed;
  expect(gate.attempts).toMatchObject([
    { verdict: "allowed", reason: "nothing moved for 10000 ms", ms: 19_000 },
  ]);
});

test("a connection ends when its whole time is over, however busy it is", async () => {
  const limits = { idleMs: 60_000, totalMs: 100_000 };
  const { gate, request, upstream } = await startBoth(null, { limits });
  const { socket, closed } = connectTo(gate.port);
  socket.write(`${request}Content-Length: 1000\r\n\r\n`);
  await until(() => upstream.received[0]?.includes("\r\n\r\n") === true);
  for (const byte of ["a", "b"]) {
    gate.clock.advance(40_000);
    socket.write(byte);
    await until(() => upstream.received[0]!.endsWith(byte));
  }
  gate.clock.advance(20_000);
  await closed;
  expect(gate.attempts).toMatchObject([{ reason: "it took longer than 100000 ms", ms: 100_000 }]);
});

test("a name that is not resolved in time is given up, and not dialled later", async () => {
  const found = Promise.withResolvers<readonly string[]>();
  const { place, gate, upstream } = await startBoth(null, {
    limits: { connectMs: 3_000 },
    resolve: () => found.promise,
  });
  const { socket, closed } = connectTo(gate.port);
  socket.write(connectHead(place));
  await until(() => gate.resolved.length === 1);
  gate.clock.advance(3_000);
  expect(await closed).toMatch(/^HTTP\/1\.1 502 .*did not answer in time\n$/s);
  found.resolve(["127.0.0.1"]);
  // A connection made after that one would come after the one that must not be made.
  const { port } = upstream;
  const { socket: probe, closed: probed } = connectTo(port);
  probe.end();
  await probed;
  expect(upstream.received).toHaveLength(1);
});

test("a place where nobody listens, and a name without an address, are told as such", async () => {
  // Nobody may listen there without the powers of root, and nobody does.
  const closedPort = 1;
  const gate = await startGate({
    rules: [`*.example.com:${closedPort}`],
    names: { "none.example.com": [] },
  });
  expect(await send(gate.port, connectHead(`api.example.com:${closedPort}`))).toMatch(
    /^HTTP\/1\.1 502 /,
  );
  expect(await send(gate.port, connectHead(`none.example.com:${closedPort}`))).toMatch(
    /502 .*no address/s,
  );
});

test("the first address that answers is taken, of those that were judged", async () => {
  const { upstream, request, gate } = await startBoth("HTTP/1.1 200 OK\r\n\r\nhello", {
    names: { [host]: ["::1", "127.0.0.1"] },
  });
  await send(gate.port, `${request}\r\n`);
  expect(upstream.received).toHaveLength(1);
});

test("a program that has said all still gets its answer", async () => {
  const { upstream, request, gate } = await startBoth("HTTP/1.1 200 OK\r\n\r\nhello");
  const { socket, closed } = connectTo(gate.port, { allowHalfOpen: true });
  socket.end(`${request}\r\n`);
  expect(await closed).toBe("HTTP/1.1 200 OK\r\n\r\nhello");
  expect(upstream.received).toHaveLength(1);
});

test("connections beyond the bound at once are refused, and one that ended makes room", async () => {
  const { gate, request } = await startBoth("HTTP/1.1 200 OK\r\n\r\nhello", {
    limits: { connections: 2 },
  });
  const held = [connectTo(gate.port), connectTo(gate.port)];
  await until(() => gate.clock.sleeping >= 4);
  expect(await send(gate.port, `${request}\r\n`)).toMatch(
    /^HTTP\/1\.1 503 .*too many connections/s,
  );
  held[0]!.socket.end();
  await held[0]!.closed;
  await gate.untilTold(2);
  await until(() => gate.clock.sleeping === 2);
  expect(await send(gate.port, `${request}\r\n`)).toMatch(/^HTTP\/1\.1 200 /);
});

test("connections beyond the bound of a minute are closed unread and counted, until the next minute", async () => {
  const { gate, request } = await startBoth("HTTP/1.1 200 OK\r\n\r\nhello", {
    limits: { connectionsPerMinute: 2 },
  });
  const ask = () => send(gate.port, `${request}\r\n`);
  expect([await ask(), await ask()].every((answer) => answer.endsWith("hello"))).toBe(true);
  expect([await ask(), await ask(), await ask()]).toEqual(["", "", ""]);
  expect(gate.egress.log()).toMatchObject({ attempts: 2, refused: 0, dropped: 3 });
  gate.clock.advance(60_000);
  expect(await ask()).toMatch(/hello$/);
});

test("any stream that goes both ways will do, and is ended once it was answered", async () => {
  const { gate, request } = await startBoth("HTTP/1.1 200 OK\r\n\r\nhello");
  for (const [asked, answer] of [
    [`${request}\r\n`, "HTTP/1.1 200 OK\r\n\r\nhello"],
    ["nonsense\r\n\r\n", "HTTP/1.1 400 Bad Request"],
  ] as const) {
    const [inside, outside] = duplexPair();
    gate.egress.accept(outside);
    inside.write(asked);
    let text = "";
    for await (const chunk of inside) text += String(chunk);
    expect(text.startsWith(answer)).toBe(true);
  }
});

test("an answer is not lost on a stream that takes its time", async () => {
  const { gate } = await startBoth(null);
  const written: string[] = [];
  const slow = new Duplex({
    read: () => undefined,
    write: (chunk, _encoding, done) => {
      setImmediate(() => {
        written.push(String(chunk));
        done();
      });
    },
    final: (done) => {
      written.push("the end");
      done();
      // As a program does that has read it.
      slow.push(null);
    },
  });
  gate.egress.accept(slow);
  slow.push("nonsense\r\n\r\n");
  await new Promise((resolve) => slow.on("close", resolve));
  expect(written).toEqual([expect.stringMatching(/^HTTP\/1\.1 400 /), "the end"]);
});

test("closing cuts what is open, tells it, and takes nothing more", async () => {
  const { gate, request, upstream } = await startBoth(null);
  const [busy, silent] = [connectTo(gate.port), connectTo(gate.port)];
  busy.socket.write(`${request}\r\n`);
  await until(() => upstream.received.length === 1 && gate.clock.sleeping >= 4);
  await gate.egress.close();
  await Promise.all([busy.closed, silent.closed]);
  await until(() => upstream.open.size === 0);
  const reasons = gate.attempts.map(({ verdict, reason }) => `${verdict}: ${reason}`);
  expect(reasons.toSorted()).toEqual([
    "allowed: the sandbox has ended",
    "refused: the sandbox has ended",
  ]);
  expect(await send(gate.port, `${request}\r\n`)).toBe("");
  expect(gate.clock.sleeping).toBe(0);
});

test("the digest is that of every attempt in its order, so that none can be left out", async () => {
  const { gate, request } = await startBoth("HTTP/1.1 200 OK\r\n\r\nhello");
  expect(gate.egress.log().digest).toBe(toDigest(""));
  await send(gate.port, `${request}\r\n`);
  await send(gate.port, connectHead("evil.example:443"));
  const digest = gate.attempts.reduce(
    (before, attempt) => toDigest(`${before}\n${toCanonicalText({ ...attempt })}`),
    toDigest(""),
  );
  expect(gate.egress.log()).toEqual({ attempts: 2, refused: 1, dropped: 0, digest });
});
