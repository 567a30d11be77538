import { expect, test } from "vitest";
import type { ModelEvent } from "../../ports/model-backend.ts";
import { createPendingEvents } from "./pending-events.ts";

const say = (text: string): ModelEvent => ({ kind: "text", text });
const piece = { kind: "call_delta", index: 0, id: "c", name: "f", text: "{" } as const;
const never = new AbortController().signal;

test("a client that is slow gets fewer and larger pieces, in their order", async () => {
  const pending = createPendingEvents();
  for (const event of [say("a"), say("b"), piece, say("c")]) expect(pending.add(event)).toBe(true);
  expect(await pending.take(never)).toEqual([say("ab"), piece, say("c")]);
  const next = pending.take(never);
  pending.add(say("d"));
  expect(await next).toEqual([say("d")]);
  pending.add(say("e"));
  pending.end();
  expect(await pending.take(never)).toEqual([say("e")]);
  expect(await pending.take(never)).toBeNull();
});

test("I13: how far a client may be behind has a bound", () => {
  const pending = createPendingEvents();
  const megabyte = "x".repeat(1_048_576);
  expect(pending.add(say(megabyte.slice(0, -1_000)))).toBe(true);
  expect(pending.add(say(megabyte))).toBe(false);
});

test("whoever takes stops waiting when the client has gone", async () => {
  const leaving = new AbortController();
  const taking = createPendingEvents().take(leaving.signal);
  leaving.abort(new Error("gone"));
  await expect(taking).rejects.toThrow("gone");
});
