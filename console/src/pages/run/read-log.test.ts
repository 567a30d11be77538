import { expect, test, vi } from "vitest";
import { Fault } from "../../../../src/model/fault.ts";
import { emptyLog, extendLog, followLog, mostEvents, readLog } from "./read-log.ts";
import type { RunSource, ShownEvent } from "./run-source.ts";

const toEvent = (seq: number): ShownEvent => ({
  seq,
  event: { v: 1, type: "run.started", atMs: seq },
});
const range = (from: number, to: number): readonly ShownEvent[] =>
  Array.from({ length: to - from + 1 }, (_, at) => toEvent(from + at));

const open = (changes: Partial<RunSource>): RunSource => ({
  id: "run",
  isLive: true,
  readRun: () => Promise.reject(new Error("not asked for")),
  readTrace: () => Promise.reject(new Error("not asked for")),
  readEvents: () => Promise.reject(new Error("not asked for")),
  readContent: async () => null,
  readContext: async () => null,
  readExplanation: async () => null,
  ...changes,
});

test("a log is read page by page from where it ends, and what comes twice is taken once", async () => {
  const asked: number[] = [];
  const source = open({
    async readEvents(after) {
      asked.push(after);
      const events = range(after + 1, Math.min(after + 3, 8));
      return { events, next: after + 3 < 8 ? after + 3 : null };
    },
  });
  const log = await readLog(source, extendLog(emptyLog, range(1, 2)));
  expect(log.events.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  expect(asked).toEqual([2, 5]);
  expect(extendLog(log, range(3, 8))).toBe(log);
  expect(extendLog(log, [toEvent(8), toEvent(10), toEvent(9)]).events.at(-1)!.seq).toBe(10);
});

test("a server that leads in circles is not followed, and a log has a bound", async () => {
  const circling = open({ readEvents: async () => ({ events: range(1, 2), next: 0 }) });
  expect((await readLog(circling, emptyLog)).events).toHaveLength(2);
  const endless = open({
    readEvents: async (after) => ({
      events: range(after + 1, after + 20_000),
      next: after + 20_000,
    }),
  });
  const { events, isCut } = await readLog(endless, emptyLog);
  expect([events.length, isCut]).toEqual([mostEvents, true]);
});

test("a stream that breaks is taken up after what came last; a refusal ends it", async () => {
  vi.useFakeTimers();
  const [asked, taken]: [number[], number[]] = [[], []];
  const abort = new AbortController();
  const source = open({
    async *followEvents(after) {
      asked.push(after);
      yield* range(after + 1, after + 2);
      if (asked.length === 1) throw new Fault("unreachable", "gone");
      if (asked.length === 3) throw new Fault("forbidden", "no more");
    },
  });
  const followed = followLog({
    source,
    after: 5,
    signal: abort.signal,
    take: ({ seq }) => void taken.push(seq),
  }).catch((error: unknown) => error);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(await followed).toMatchObject({ code: "forbidden" });
  vi.useRealTimers();
  expect(asked).toEqual([5, 7, 9]);
  expect(taken).toEqual([6, 7, 8, 9, 10, 11]);
});
