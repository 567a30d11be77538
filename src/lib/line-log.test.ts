import { expect, test } from "vitest";
import { createManualClock } from "../ports/manual-clock.ts";
import { createLineLog } from "./line-log.ts";

function open() {
  const clock = createManualClock(0);
  const state = { isFull: false, dropped: 0 };
  const written: string[] = [];
  const log = createLineLog({
    write: (text) => written.push(text),
    isFull: () => state.isFull,
    sleep: (ms) => clock.sleep(ms),
    onDropped: (lines) => (state.dropped += lines),
  });
  const pass = async (ms: number) => (clock.advance(ms), await new Promise(setImmediate));
  return { log, written, state, pass };
}

test("lines that can wait are written together, and in order with those that cannot", async () => {
  const { log, written, pass } = open();
  log.later("one");
  log.later("two");
  expect(written).toEqual([]);
  log.now("three");
  log.later("four");
  await pass(50);
  expect(written).toEqual(["one\ntwo\n", "three\n", "four\n"]);
  await pass(1_000);
  expect(written).toHaveLength(3);
});

test("what waits is bounded, and written when it ends", () => {
  const { log, written } = open();
  const line = "x".repeat(1_023);
  for (let at = 0; at < 64; at += 1) log.later(line);
  expect(written.map(({ length }) => length)).toEqual([64 * 1_024]);
  log.later("last");
  log.flush();
  log.flush();
  expect(written.at(-1)).toBe("last\n");
});

test("whoever does not keep up misses lines that could wait, which are counted; no other line", () => {
  const { log, written, state } = open();
  const heard: string[] = [];
  log.tap((line) => heard.push(line));
  state.isFull = true;
  log.later("call");
  log.later("call");
  log.now("warning");
  expect(written).toEqual(["warning\n"]);
  expect(state.dropped).toBe(2);
  expect(heard).toEqual(["call", "call", "warning"]);
});
