import { EventEmitter, once } from "node:events";
import type { ChildProcess } from "node:child_process";
import { connect, createServer, type AddressInfo, type Server } from "node:net";
import type { Duplex } from "node:stream";
import { afterEach, beforeEach, expect, test } from "vitest";
import { takeListener } from "./take-listener.ts";

/** The first program of a sandbox, as far as its channel goes. */
class First extends EventEmitter {
  readonly sent: unknown[] = [];
  disconnect = (): void => void this.emit("disconnect");
  send = (message: unknown, done: (error: Error | null) => void): void => {
    this.sent.push(message);
    done(null);
  };
}

let first: First;
let listener: Server;
beforeEach(async () => {
  first = new First();
  listener = createServer().listen(0, "127.0.0.1");
  await once(listener, "listening");
});
afterEach(() => listener.close());

const take = (onConnection: (socket: Duplex) => void = () => undefined) =>
  takeListener(first as unknown as ChildProcess, { GIVEN: "to it" }, onConnection);

test("a listener is served once its channel is closed, and told what to go on with", async () => {
  const taken: Duplex[] = [];
  const opening = take((socket) => taken.push(socket));
  first.emit("message", "listening", listener);
  expect(first.sent).toEqual([{ GIVEN: "to it" }]);
  first.disconnect();
  const outlet = await opening;
  const socket = connect((listener.address() as AddressInfo).port, "127.0.0.1");
  await expect.poll(() => taken.length).toBe(1);
  outlet.close();
  await once(socket, "close");
  expect(listener.listening).toBe(false);
});

test("I12: a listener whose sandbox ends before it goes on is closed", async () => {
  const opening = take();
  first.emit("message", "listening", listener);
  first.emit("exit", null, "SIGKILL");
  await expect(opening).rejects.toMatchObject({ code: "sandbox_failed" });
  expect(listener.listening).toBe(false);
});

test("I12: what is no listener is refused", async () => {
  const opening = take();
  first.emit("message", "listening", undefined);
  await expect(opening).rejects.toMatchObject({ code: "sandbox_failed" });
});
