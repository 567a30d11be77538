import { expect, test } from "vitest";
import { makeOutcome } from "../../test/made-up-call.ts";
import { createInMemoryTelemetry } from "../ports/in-memory-telemetry.ts";
import { createManualClock } from "../ports/manual-clock.ts";
import { createRecorder } from "./record.ts";

const nowMs = 1_700_000_000_000;
const read = makeOutcome();

function open() {
  const clock = createManualClock(nowMs);
  const store = { isUp: true };
  const recorder = createRecorder({
    clock,
    telemetry: createInMemoryTelemetry({ clock }),
    mode: "async",
    openings: { seal: async () => new Uint8Array(), open: async () => null },
    random: (length) => Buffer.alloc(length, 1),
    store: {
      async commit() {
        if (!store.isUp) throw new Error("Postgres stands still");
        return { kind: "committed", head: null };
      },
    },
  });
  async function pass(ms: number): Promise<void> {
    clock.advance(ms);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return { clock, recorder, store, pass };
}

test("what was answered is durable up to the oldest entry that waits", async () => {
  const { recorder, store, pass } = open();
  await pass(100);
  expect(recorder.flushedBeforeMs()).toBe(nowMs + 100);
  store.isUp = false;
  void recorder.outcome(read);
  await pass(40);
  void recorder.outcome(read);
  await pass(1_000);
  expect(recorder.flushedBeforeMs()).toBe(nowMs + 100);
  store.isUp = true;
  await pass(1_000);
  await pass(1_000);
  expect(recorder.flushedBeforeMs()).toBe(nowMs + 3_140);
});

test("it stands still behind what was lost at the end", async () => {
  const { recorder, store, pass } = open();
  store.isUp = false;
  void recorder.outcome(read);
  await pass(50);
  const closing = recorder.close();
  await pass(10_000);
  await pass(10_000);
  await closing;
  expect(recorder.flushedBeforeMs()).toBe(nowMs);
});
