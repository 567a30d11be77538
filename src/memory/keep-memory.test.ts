import { setImmediate } from "node:timers/promises";
import { expect, test } from "vitest";
import { toDraft } from "../../test/conformance/memory.ts";
import { newTenant, startMs } from "../../test/conformance/store-values.ts";
import { Fault, toDigest } from "../model/index.ts";
import type { Embedder } from "../ports/embedder.ts";
import { createInMemoryMemory } from "../ports/in-memory-memory.ts";
import { createManualClock } from "../ports/manual-clock.ts";
import { keepMemory, reembed } from "./keep-memory.ts";

const { signal } = new AbortController();

/** Refuses texts with these words; the others have two numbers. */
function makeEmbedder(refuses = "\0") {
  const batches: number[] = [];
  const embedder: Embedder = {
    id: "test",
    version: "2",
    dimensions: 2,
    leastLikeness: 0,
    embed: async (texts) => {
      batches.push(texts.length);
      if (texts.some((text) => text.includes(refuses))) throw new Fault("model_refused", "no");
      return texts.map((text) => Float32Array.from([1, text.length]));
    },
    close: async () => undefined,
  };
  return { embedder, batches };
}

async function open({ rows, refuses }: { readonly rows: number; readonly refuses?: string }) {
  const memory = createInMemoryMemory();
  const place = { tenant: newTenant(), scope: "subject:a" };
  const old = { id: "test", version: "1", values: Float32Array.from([1, 1]) };
  for (let at = 0; at < rows; at += 1) {
    const key = `k${String(at).padStart(4, "0")}`;
    await memory.write(toDraft(place, { key, text: `text ${at}`, embedding: old }), { rows });
  }
  const gauges = new Map<string, number>();
  const telemetry = {
    count: () => undefined,
    observe: () => undefined,
    log: () => undefined,
    gauge: (name: string, value: number, labels: object = {}) =>
      void gauges.set([name, ...Object.values(labels)].join(" "), value),
  };
  const clock = createManualClock(startMs);
  return { memory, place, gauges, clock, telemetry, ...makeEmbedder(refuses) };
}

const stale = async ({ memory, embedder }: Awaited<ReturnType<typeof open>>) =>
  (await memory.listStale(embedder, { after: null, limit: 1_000 })).map(({ key }) => key);

test("a round is bounded, goes in batches, and the next goes on where it stopped", async () => {
  const scene = await open({ rows: 150 });
  const first = await reembed(scene, { after: null, limit: 100, signal });
  expect(first).toMatchObject({ key: "k0099" });
  expect(scene.batches).toEqual([64, 36]);
  expect(await stale(scene)).toHaveLength(50);
  // Whoever begins anew, after a crash, does what is left and nothing twice.
  expect(await reembed(scene, { after: null, limit: 100, signal })).toBeNull();
  expect(scene.batches).toEqual([64, 36, 50]);
  expect(await stale(scene)).toEqual([]);
});

test("a text that is refused keeps none of the others from being embedded", async () => {
  const scene = await open({ rows: 9, refuses: "text 5" });
  expect(await reembed(scene, { after: null, limit: 100, signal })).toBeNull();
  expect(await stale(scene)).toEqual(["k0005"]);
  expect(await reembed(scene, { after: null, limit: 0, signal })).toBeNull();
});

test("an embedder that refuses all is asked for one page a round, and not for every row", async () => {
  const scene = await open({ rows: 150, refuses: "text" });
  const first = await reembed(scene, { after: null, limit: 150, signal });
  expect(first).toMatchObject({ key: "k0063" });
  expect(scene.batches).toHaveLength(127);
  // The next round goes on behind it.
  expect(await reembed(scene, { after: first, limit: 150, signal })).toMatchObject({
    key: "k0127",
  });
});

test("each minute it says how old and how stale memories are, and embeds anew as many as it may", async () => {
  const scene = await open({ rows: 4 });
  const { clock, gauges, memory, place } = scene;
  await memory.noteSource(place, { name: "none", digest: toDigest("x"), nowMs: startMs });
  const keeping = keepMemory({ ...scene, reembed: 3 });
  const pass = async (ms: number) => {
    clock.advance(ms);
    do await setImmediate();
    while (clock.sleeping === 0);
  };
  await pass(0);
  expect(gauges.get("memory_stale_share subject")).toBe(1);
  expect(gauges.get("memory_rows subject")).toBe(4);
  expect(gauges.get("memory_rows agent")).toBe(0);
  await pass(60_000);
  expect(gauges.get("memory_stale_share subject")).toBe(0.25);
  expect(gauges.get("memory_newest_age_seconds subject")).toBe(60);
  await pass(60_000);
  expect(gauges.get("memory_stale_share subject")).toBe(0);
  // Nothing writes any more: that is what an alert is about.
  await pass(3_600_000);
  expect(gauges.get("memory_newest_age_seconds subject")).toBeGreaterThanOrEqual(3_600);
  await keeping.stop();
  expect(clock.sleeping).toBe(0);
});
