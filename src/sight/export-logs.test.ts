import { expect, test } from "vitest";
import type { LineListener } from "../lib/line-log.ts";
import { createInMemoryTelemetry } from "../ports/in-memory-telemetry.ts";
import { renderLogLine } from "../ports/log-line.ts";
import { createManualClock } from "../ports/manual-clock.ts";
import type { Sent } from "../ports/sink.ts";
import { exportLogs, type LogBatch } from "./export-logs.ts";
import type { Destination } from "./send-batches.ts";

interface Opened extends Destination<LogBatch> {
  /** Says nothing until it is given up. */
  isHanging: boolean;
  readonly taken: string[];
  readonly tries: number[];
  said: () => Promise<Sent>;
  isClosed: boolean;
}

const taken: Sent = { kind: "taken", rejected: 0 };
const failed: Sent = { kind: "failed", why: "status 503", retryAfterMs: null };

function destination(name: string): Opened {
  const made: Opened = {
    name,
    intervalMs: 1_000,
    taken: [],
    tries: [],
    isHanging: false,
    said: async () => taken,
    isClosed: false,
    open: () => ({
      async send({ records }, signal) {
        made.tries.push(records.length);
        if (made.isHanging) await untilAborted(signal);
        const sent = await made.said();
        if (sent.kind === "taken") made.taken.push(...records.map(({ message }) => message));
        return sent;
      },
      close: async () => void (made.isClosed = true),
    }),
  };
  return made;
}

function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason as Error));
  });
}

function open(...serving: readonly Opened[]) {
  const clock = createManualClock(0);
  const telemetry = createInMemoryTelemetry({ clock });
  const state = { serving };
  let listener: LineListener | null = null;
  const exporting = exportLogs({
    destinations: () => state.serving,
    tap: (given) => void (listener = given),
    // Where nothing else helps, a scan takes the whole of what is JSON.
    redact: (line) =>
      line.includes("frame") ? '"[redacted]"' : line.replaceAll("s3cret", "[redacted]"),
    clock,
    random: { fraction: () => 1, bytes: (length) => Buffer.alloc(length) },
    telemetry,
  });
  const log = (...messages: readonly string[]) => {
    for (const message of messages)
      listener?.(renderLogLine({ atMs: 0, level: "info", message, fields: {} }), false);
  };
  const pass = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 100) {
      clock.advance(100);
      for (let at = 0; at < 5; at += 1) await new Promise(setImmediate);
    }
  };
  const dropped = () => telemetry.value("log_lines_dropped", { reader: "destination" }) ?? 0;
  return { exporting, log, pass, telemetry, dropped, state };
}

test("lines are sent together, in order and once, without known secrets", async () => {
  const one = destination("one");
  const { exporting, log, pass } = open(one);
  log("a", "b s3cret");
  await pass(900);
  expect(one.tries).toEqual([]);
  await pass(200);
  log("c");
  await pass(2_000);
  expect(one.taken).toEqual(["a", "b [redacted]", "c"]);
  expect(one.tries).toEqual([2, 1]);
  log("last");
  await exporting.stop();
  expect(one.taken.at(-1)).toBe("last");
  expect(one.isClosed).toBe(true);
});

test("a line of which a secret takes the frame along is dropped, and holds up none behind it", async () => {
  const one = destination("one");
  const { exporting, log, pass, dropped } = open(one);
  log("frame", "a");
  await pass(1_100);
  expect(one.taken).toEqual(["a"]);
  expect(dropped()).toBe(1);
  await exporting.stop();
});

test("many lines do not wait, and go in batches", async () => {
  const one = destination("one");
  const { exporting, log, pass } = open(one);
  await pass(100);
  log(...Array.from({ length: 1_100 }, (_, at) => String(at)));
  await pass(100);
  expect(one.tries).toEqual([512, 512]);
  await pass(1_000);
  expect(one.taken).toHaveLength(1_100);
  await exporting.stop();
});

test("one that is away loses its oldest lines, which are counted, is tried less often, and costs others nothing", async () => {
  const [away, well] = [destination("away"), destination("well")];
  away.said = async () => failed;
  const { exporting, log, pass, telemetry, dropped } = open(away, well);
  log("first");
  await pass(60_000);
  expect(well.taken).toEqual(["first"]);
  expect(away.tries.length).toBeGreaterThan(4);
  expect(away.tries.length).toBeLessThan(9);
  expect(telemetry.lines.filter((line) => /"warn".*not taken/.test(line))).toHaveLength(1);
  for (let batch = 0; batch < 9; batch += 1) {
    log(...Array.from({ length: 1_000 }, (_, at) => `${batch} ${at}`));
    await pass(100);
  }
  await pass(1_100);
  expect(dropped()).toBe(9_001 - 8_192);
  expect(well.taken).toHaveLength(9_001);
  away.said = async () => taken;
  await pass(70_000);
  expect(away.taken).toHaveLength(8_192);
  expect(away.taken.at(-1)).toBe("8 999");
  await exporting.stop();
});

test("what is refused is not sent again, and what is long is bounded as well", async () => {
  const one = destination("one");
  one.said = async () => ({ kind: "refused", why: "status 400" });
  const { exporting, log, pass, telemetry, dropped } = open(one);
  log("a");
  await pass(3_000);
  expect(one.tries).toEqual([1]);
  const refused = { signal: "logs", destination: "one", outcome: "refused" };
  expect(telemetry.value("telemetry_batches", refused)).toBe(1);
  one.said = async () => failed;
  log(...Array.from({ length: 3_000 }, () => "x".repeat(4_000)));
  expect(dropped()).toBeGreaterThan(800);
  await exporting.stop();
});

test("one that hangs does not hold up the end, and one that is gone is let go of", async () => {
  const [hanging, other] = [destination("hanging"), destination("other")];
  hanging.isHanging = true;
  const { exporting, log, pass, state } = open(hanging, other);
  log("a");
  await pass(1_100);
  state.serving = [hanging];
  await pass(6_000);
  expect(other.isClosed).toBe(true);
  let isOver = false;
  const stopped = exporting.stop().then(() => (isOver = true));
  await pass(1_000);
  expect(isOver).toBe(false);
  await pass(2_000);
  await stopped;
  expect(hanging.isClosed).toBe(true);
});
