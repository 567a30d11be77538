import { setImmediate } from "node:timers/promises";
import { expect, test } from "vitest";
import { toUuidV7 } from "../model/index.ts";
import { createInMemoryStore } from "../ports/in-memory-store.ts";
import { createInMemoryTelemetry } from "../ports/in-memory-telemetry.ts";
import { createManualClock } from "../ports/manual-clock.ts";
import { createPresence } from "./presence.ts";

const startMs = 1_700_000_000_000;
const id = toUuidV7(startMs, new Uint8Array(10));

function open() {
  const clock = createManualClock(startMs);
  const telemetry = createInMemoryTelemetry({ clock });
  const { replicas } = createInMemoryStore();
  const state = { isUp: true };
  const rows = {
    ...replicas,
    beat: async (row: Parameters<typeof replicas.beat>[0]) => {
      if (!state.isUp) throw new Error("no store");
      await replicas.beat(row);
    },
  };
  async function pass(ms: number): Promise<void> {
    for (let elapsed = 0; elapsed < ms; elapsed += 500) {
      clock.advance(500);
      await setImmediate();
    }
  }
  return { clock, telemetry, replicas, rows, state, pass };
}

test("a replica beats each second, and is gone once all it answered is recorded", async () => {
  const { clock, telemetry, replicas, rows, state, pass } = open();
  const presence = createPresence({ rows, clock, telemetry });
  presence.begin({ id, flushedBeforeMs: () => clock.nowMs() });
  await setImmediate();
  await pass(3_000);
  expect(await replicas.list(10)).toEqual([
    { id, durableToMs: startMs + 3_000, beatAtMs: startMs + 3_000 },
  ]);
  state.isUp = false;
  await pass(5_000);
  expect(telemetry.lines.filter((line) => line.includes("beat could not be"))).toHaveLength(1);
  state.isUp = true;
  await pass(1_000);
  expect(await replicas.list(10)).toMatchObject([{ beatAtMs: startMs + 9_000 }]);
  await presence.leave();
  expect(await replicas.list(10)).toEqual([]);
});

test("where entries were lost its row stays, for another replica to say so", async () => {
  const { clock, telemetry, replicas, rows, pass } = open();
  const presence = createPresence({ rows, clock, telemetry });
  presence.begin({ id, flushedBeforeMs: () => startMs + 700 });
  await pass(5_000);
  await presence.leave();
  expect(await replicas.list(10)).toMatchObject([{ id, durableToMs: startMs + 700 }]);
});
