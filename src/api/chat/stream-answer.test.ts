import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { createManualClock } from "../../ports/manual-clock.ts";
import { streamAnswer } from "./stream-answer.ts";

test("a bug in the middle is told to whoever runs it, and to nobody else", async () => {
  const bugs: unknown[] = [];
  const bug = new TypeError("of undefined");
  const server = createServer((_incoming, outgoing) => {
    const head = { id: "r", createdMs: 0, alias: "small", fingerprint: null };
    const { signal } = new AbortController();
    const clock = createManualClock(0);
    const onBug = (error: unknown) => void bugs.push(error);
    const streaming = { outgoing, clock, signal, includesUsage: false, head: () => head, onBug };
    void streamAnswer(streaming, async (onEvent) => {
      onEvent({ kind: "text", text: "So" });
      throw bug;
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const text = await (await fetch(`http://127.0.0.1:${port}/`)).text();
  expect(text).toContain('"code":"internal"');
  expect(text).not.toMatch(/of undefined|DONE/);
  expect(bugs).toEqual([bug]);
});
