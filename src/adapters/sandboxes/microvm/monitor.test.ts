import { Duplex } from "node:stream";
import { expect, test } from "vitest";
import { openMonitor } from "./monitor.ts";

/** A QEMU that answers the first call, which opens the monitor, and what it is told to say then. */
function fakeQemu() {
  const heard: string[] = [];
  const socket = new Duplex({
    read: () => undefined,
    write: (chunk: Buffer, _, done) => {
      heard.push(chunk.toString());
      if (heard.length === 1) socket.push('{"QMP": {}}\n{"return": {}}\n');
      done();
    },
  });
  return { socket, heard };
}

test("an answer belongs to the oldest call, and what QEMU tells by itself to none", async () => {
  const { socket, heard } = fakeQemu();
  const monitor = await openMonitor(socket);
  const [first, second] = [monitor.call("one", { a: 1 }), monitor.call("two")];
  socket.push('{"event": "STOP"}\n{"return": 1}\n{"error": {"class": "No"}}\n');
  expect(await first).toBe(1);
  await expect(second).rejects.toThrow("No");
  expect(heard[1]).toBe('{"execute":"one","arguments":{"a":1}}\n');
});

test("a call after QEMU went away is refused, and so is one that waits", async () => {
  const { socket } = fakeQemu();
  const monitor = await openMonitor(socket);
  const waiting = monitor.call("migrate");
  socket.destroy();
  await expect(waiting).rejects.toThrow("does not answer");
  await expect(monitor.call("query-migrate")).rejects.toThrow("does not answer");
});

test("a line without an end ends it", async () => {
  const { socket } = fakeQemu();
  const monitor = await openMonitor(socket);
  const waiting = monitor.call("query-migrate");
  for (let part = 0; part < 20; part += 1) socket.push("x".repeat(64 * 1024));
  await expect(waiting).rejects.toThrow("does not answer");
});
