import { setImmediate } from "node:timers/promises";
import { expect, test } from "vitest";
import { systemRandom } from "../../src/adapters/system/system-random.ts";
import { toDigest, toUuidV7, type RunId } from "../../src/model/index.ts";
import type { StoredEntry } from "../../src/ports/entry-rows.ts";
import { createInMemoryTraces, type TracedRun } from "../../src/ports/in-memory-traces.ts";
import { createManualClock } from "../../src/ports/manual-clock.ts";
import type { NumberedEvent, RunDesk } from "../../src/ports/run-desk.ts";
import { exportTraces } from "../../src/sight/export-traces.ts";
import { own } from "../mcp/agents-scene.ts";
import { createExporter, toDestination } from "./trace-scene.ts";
import { writtenLog } from "./written-log.ts";

const startMs = Date.UTC(2026, 10, 21, 12);
const some = toDigest("something");
const toRun = (atMs: number): RunId => toUuidV7(atMs, systemRandom.bytes(10)) as RunId;

/** Runs that do nothing but read a source, over and over. */
function openRuns(isAway = () => false) {
  const clock = createManualClock(startMs);
  const runs = new Map<RunId, TracedRun>();
  const reads: RunId[] = [];
  const sent: string[] = [];
  const rows = createInMemoryTraces(() => [...runs.values()]);
  const roots = new Map<RunId, RunId>();
  const add = (run: RunId, head: number, root = run): void => {
    roots.set(run, root);
    runs.set(run, { run, tenant: own, head, ended: false, endedAtMs: null });
  };
  const [created] = writtenLog;
  const toEvent = (run: RunId, seq: number): NumberedEvent["event"] => {
    if (seq === 1) return { ...created!.event, root: roots.get(run) } as NumberedEvent["event"];
    const read = { source: "profile", digest: some, why: "first", isError: false } as const;
    return { v: 1, type: "source.read", atMs: startMs, step: 0, tokens: 1, cut: 0, ...read };
  };
  const events: RunDesk["events"] = async (_tenant, run, { after, limit }) => {
    if (limit > 1) reads.push(run);
    const { head } = runs.get(run)!;
    const seqs = Array.from({ length: Math.min(limit, head - after) }, (_, at) => after + at + 1);
    return seqs.map((seq) => ({ seq, event: toEvent(run, seq) }));
  };
  const onSend: (() => void)[] = [];
  const destination = toDestination({
    url: "http://127.0.0.1:1",
    open: () => ({
      send: async (spans) => {
        if (isAway()) return { kind: "failed", why: "status 503", retryAfterMs: null };
        sent.push(...spans.map(({ spanId }) => spanId));
        for (const each of onSend) each();
        return { kind: "taken", rejected: 0 };
      },
      close: async () => undefined,
    }),
  });
  const page = async (): Promise<readonly StoredEntry[]> => [];
  const store = { traces: rows, entries: { page }, log: { latest: async () => [] } } as never;
  const desk = { events } as never;
  const toExporter = (more: object = {}) =>
    createExporter({ store, desk, destination, more: { clock, ...more } });
  return { clock, rows, reads, sent, onSend, add, destination, toExporter };
}

test("a long run that goes on is looked at less often than it is asked about, and nothing of it is left out", async () => {
  const { clock, reads, sent, add, toExporter } = openRuns();
  const { round } = toExporter();
  const [long, short] = [toRun(startMs), toRun(startMs)];
  for (let at = 0; at < 60; at += 1) {
    add(long, 10_000 + at);
    add(short, 2 + at);
    await round();
    clock.advance(5_000);
  }
  // Five minutes: the short one each time, and 10,000 events not more than once in 50 seconds.
  expect(reads.filter((run) => run === short)).toHaveLength(60);
  const looks = reads.filter((run) => run === long).length / Math.ceil(10_001 / 500);
  expect(looks).toBeGreaterThan(4);
  expect(looks).toBeLessThan(8);
  clock.advance(5 * 60_000);
  await round();
  expect(new Set(sent).size).toBe(10_058 + 60);
  expect(sent).toHaveLength(10_058 + 60);
});

test("a long run of which something was not taken does not rest: it may have ended long ago", async () => {
  let isAway = true;
  const { sent, add, toExporter } = openRuns(() => isAway);
  const { round } = toExporter();
  add(toRun(startMs), 5_000);
  await expect(round()).rejects.toThrow("status 503");
  isAway = false;
  await round();
  expect(new Set(sent).size).toBe(4_999);
});

test.each([
  ["a few", 1],
  ["many", 256],
])(
  "entries that come faster than they are sent, %s at a time, do not keep runs from being sent",
  async (_name, count) => {
    const { clock, sent, add, toExporter } = openRuns();
    let cursor = 0n;
    let pages = 0;
    const page = async (): Promise<readonly StoredEntry[]> => {
      pages += 1;
      if (pages > 500) throw new Error("it never ends");
      clock.advance(1_000);
      return Array.from({ length: count }, () => {
        cursor += 1n;
        return { cursor, id: "entry", tenant: own, bytes: new Uint8Array() } as never;
      });
    };
    const { round } = toExporter({ entries: { page } });
    add(toRun(startMs), 5);
    await round();
    expect(sent).toHaveLength(4);
  },
);

test("runs that begin while others are sent wait for the next round, in which entries and older runs have their turn", async () => {
  const { clock, sent, onSend, add, toExporter } = openRuns();
  const { round } = toExporter();
  for (let at = 0; at < 40; at += 1) add(toRun(startMs), 2);
  onSend.push(() => {
    if (sent.length > 2_000) throw new Error("it never ends");
    clock.advance(10);
    add(toRun(clock.nowMs()), 2);
  });
  await round();
  expect(sent).toHaveLength(40);
  onSend.length = 0;
  await round();
  expect(sent).toHaveLength(80);
});

test("a sub-agent that its parent's log does not name, since that was cancelled meanwhile, is sent as well", async () => {
  const { sent, add, toExporter } = openRuns();
  const { round } = toExporter();
  const parent = toRun(startMs);
  add(parent, 3);
  add(toRun(startMs), 4, parent);
  await round();
  await round();
  expect(sent).toHaveLength(2 + 3);
  expect(new Set(sent).size).toBe(5);
});

test("whoever stops gives back what it had, also between two rounds", async () => {
  const { clock, rows, add, destination, toExporter } = openRuns();
  add(toRun(startMs), 5);
  const { options } = toExporter();
  const exporting = exportTraces({
    ...options,
    random: systemRandom,
    destinations: () => [destination],
  });
  for (let at = 0; at < 50; at += 1) await setImmediate();
  const asked = { tenant: own, destination: destination.name, owner: "two" };
  const take = () => rows.take({ ...asked, nowMs: clock.nowMs(), untilMs: clock.nowMs() + 1 });
  expect(await take()).toBeNull();
  await exporting.stop();
  expect(await take()).not.toBeNull();
});
