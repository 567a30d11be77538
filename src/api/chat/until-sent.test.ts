import { createServer, type ServerResponse } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { once } from "node:events";
import { expect, onTestFinished, test } from "vitest";
import { createManualClock } from "../../ports/manual-clock.ts";
import { untilSent } from "./until-sent.ts";

/** More than sockets of both sides hold. */
const large = "x".repeat(64 * 1024 * 1024);

async function openAnswer(body: string) {
  let give: (outgoing: ServerResponse) => void = () => undefined;
  const answered = new Promise<ServerResponse>((resolve) => (give = resolve));
  const server = createServer((_incoming, outgoing) => {
    outgoing.end(body);
    give(outgoing);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
  socket.on("error", () => undefined);
  socket.pause();
  onTestFinished(() => {
    socket.destroy();
    server.closeAllConnections();
    server.close();
  });
  socket.write("GET / HTTP/1.1\r\nhost: localhost\r\n\r\n");
  return { outgoing: await answered, socket };
}

test("I13: a client that takes nothing is cut after a minute", async () => {
  const clock = createManualClock(0);
  const { outgoing } = await openAnswer(large);
  const sending = untilSent(outgoing, clock);
  clock.advance(59_999);
  expect(outgoing.destroyed).toBe(false);
  clock.advance(1);
  await sending;
  expect([outgoing.destroyed, outgoing.writableFinished]).toEqual([true, false]);
});

test("one that takes it is waited for, and no longer", async () => {
  const clock = createManualClock(0);
  const { outgoing, socket } = await openAnswer("short");
  socket.resume();
  await untilSent(outgoing, clock);
  expect(outgoing.writableFinished).toBe(true);
  await untilSent(outgoing, clock);
});
