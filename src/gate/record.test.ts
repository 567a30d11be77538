import { hash } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { makeCall, makeDecided, makeOutcome } from "../../test/made-up-call.ts";
import { scaled, seed } from "../../test/scale.ts";
import { entrySchema, toDigest, toEntryBytes, toUuidV7, type EntryId } from "../model/index.ts";
import { createInMemoryTelemetry } from "../ports/in-memory-telemetry.ts";
import { createManualClock } from "../ports/manual-clock.ts";
import type { EntryRow } from "../ports/entry-rows.ts";
import { createRecorder } from "./record.ts";

const nowMs = 1_700_000_000_000;
const settle = () => new Promise(setImmediate);

function open({ mode = "async" }: { mode?: "async" | "sync" } = {}) {
  const clock = createManualClock(nowMs);
  const telemetry = createInMemoryTelemetry({ clock });
  const pages: (readonly EntryRow[])[] = [];
  const store = { state: "up" as "up" | "down" | "hanging", tries: 0 };
  let drawn = 0;
  const recorder = createRecorder({
    clock,
    telemetry,
    mode,
    openings: { seal: async () => new Uint8Array(), open: async () => null },
    random: (length) => Buffer.alloc(length, (drawn += 1)),
    store: {
      async commit({ entries = [] }) {
        store.tries += 1;
        if (store.state === "down") throw new Error("Postgres stands still");
        if (store.state === "hanging") await new Promise(() => undefined);
        pages.push(entries);
        return { kind: "committed", head: null };
      },
    },
  });
  const pass = async (ms: number) => (clock.advance(ms), await settle());
  return { clock, telemetry, pages, store, recorder, pass };
}

const id = toUuidV7(nowMs, new Uint8Array(10)) as EntryId;
const base = makeOutcome({ endpoint: "https://up.example/mcp" });
const textOf = ({ bytes }: EntryRow) => Buffer.from(bytes).toString();

const nameArbitrary = fc.string({ unit: "binary", minLength: 1, maxLength: 40 });
const countArbitrary = fc.nat(2 ** 31);
const trace = "4bf92f3577b34da6a3ce929d0e0e4736";
const usedArbitrary = fc.option(fc.nat());
const ofProgram = {
  exit: fc.option(fc.nat(255)),
  usage: fc.record({ memoryPeakBytes: usedArbitrary, cpuUs: usedArbitrary }),
};
const stampOfCall = fc.record({
  tier: fc.constantFrom("none", "T1"),
  driver: fc.constantFrom("bubblewrap", null),
  evidence: fc.constantFrom(toDigest("evidence"), null),
  limits: fc.constantFrom(toDigest("limits"), null),
  downgraded: fc.boolean(),
  egress: fc.option(
    fc.record({ attempts: fc.nat(), refused: fc.nat(), digest: fc.constant(toDigest("log")) }),
  ),
});
/** Of a server's program, and of one that ran for this very call. */
const stampArbitrary = fc.oneof(
  stampOfCall,
  fc.tuple(stampOfCall, fc.record(ofProgram)).map(([stamp, ended]) => ({ ...stamp, ...ended })),
);
const outcomeArbitrary = fc.record({
  sandbox: fc.option(stampArbitrary),
  of: fc.constantFrom(id, null),
  outcome: fc.constantFrom(...(["answered", "tool_error", "denied", "fault", "unknown"] as const)),
  reason: fc.option(nameArbitrary),
  result: fc.option(fc.string({ unit: "binary" })),
  redacted: fc.option(fc.array(nameArbitrary, { minLength: 1, maxLength: 3 }), { nil: undefined }),
  endpoint: fc.option(nameArbitrary),
  credential: fc.option(nameArbitrary),
  queuedUs: countArbitrary,
  upstreamUs: countArbitrary,
});

test("I5: an outcome's bytes are those that the model makes of the same entry", async () => {
  const traceArbitrary = fc.constantFrom(trace, null);
  await fc.assert(
    fc.asyncProperty(outcomeArbitrary, traceArbitrary, async (given, ofTrace) => {
      const { recorder, pages } = open({ mode: "sync" });
      const forwarded = ofTrace === null ? {} : { traceparent: `00-${trace}-00f067aa0ba902b7-01` };
      await recorder.outcome({ ...base, ...given, call: makeCall({ forwarded }) });
      const row = pages[0]![0]!;
      const { queuedUs, upstreamUs, result, redacted, ...rest } = given;
      const salt = Buffer.alloc(32, 2).toString("hex");
      const committed = result !== null && {
        bytes: Buffer.byteLength(result),
        commitment: `sha256:${hash("sha256", `${salt}\n${result}`)}`,
      };
      const entry = entrySchema.parse({
        kind: "outcome",
        v: 1,
        id: row.id,
        tenant: "acme",
        atMs: nowMs,
        run: null,
        previous: null,
        server: "up",
        tool: "act",
        intent: base.intent.digest,
        ...rest,
        ...(redacted === undefined ? {} : { redacted }),
        result: committed === false ? null : committed,
        timings: { queuedUs, upstreamUs },
        cost: null,
        declaredCost: null,
        trace: ofTrace,
      });
      expect(textOf(row)).toBe(Buffer.from(toEntryBytes(entry)).toString());
      expect(row.tenant).toBe("acme");
    }),
    { seed: seed(), numRuns: scaled({ test: 300, prove: 10_000 }) },
  );
});

test("I4: an intent's bytes are those that the model makes of the same entry", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(nameArbitrary, { maxLength: 5 }), async (rules) => {
      const { recorder, pages } = open();
      const intent = { ...base.intent, rules };
      const written = await recorder.intent(makeDecided({ intent }));
      const entry = entrySchema.parse({
        kind: "intent",
        v: 1,
        id: written.kind === "durable" && written.id,
        tenant: "acme",
        atMs: nowMs,
        run: null,
        previous: null,
        server: "up",
        tool: "act",
        intent: intent.digest,
        decision: { kind: "allow", policy: intent.policy, rules },
        approval: null,
        credential: null,
      });
      expect(textOf(pages[0]![0]!)).toBe(Buffer.from(toEntryBytes(entry)).toString());
    }),
    { seed: seed(), numRuns: scaled({ test: 200, prove: 5_000 }) },
  );
});

test.each([["00-short-00f067aa0ba902b7-01"], [`00-${trace}"-00f067aa0ba902b7-01`], [7], [null]])(
  "what is no trace, %j, is none in the entry",
  async (traceparent) => {
    const { recorder, pages } = open({ mode: "sync" });
    await recorder.outcome({ ...base, call: makeCall({ forwarded: { traceparent } }) });
    expect(JSON.parse(textOf(pages[0]![0]!))).toMatchObject({ trace: null });
  },
);

test("I4: an intent that is not durable is not one: no id while it waits, none if it fails", async () => {
  const { recorder, store } = open();
  store.state = "down";
  await expect(recorder.intent(makeDecided())).rejects.toThrow("Postgres stands still");
  store.state = "hanging";
  let isDone = false;
  void recorder.intent(makeDecided()).then(() => (isDone = true));
  await settle();
  expect(isDone).toBe(false);
});

test("I5: an effect's outcome is waited for, and whoever wrote it hears that it failed", async () => {
  const { recorder, pages, store } = open();
  await recorder.outcome({ ...base, of: id });
  expect(pages).toHaveLength(1);
  store.state = "down";
  await expect(recorder.outcome({ ...base, of: id })).rejects.toThrow("Postgres stands still");
});

test("I5: reads do not wait; their entries come within 25 ms, in one page", async () => {
  const { recorder, pages, pass } = open();
  for (let index = 0; index < 3; index += 1) expect(recorder.outcome(base)).toBeUndefined();
  await pass(24);
  expect(pages).toHaveLength(0);
  await pass(1);
  expect(pages.map(({ length }) => length)).toEqual([3]);
  void recorder.outcome(base);
  await pass(25);
  expect(pages.map(({ length }) => length)).toEqual([3, 1]);
});

test("a page that is full does not wait for its time", async () => {
  const { recorder, pages } = open();
  for (let index = 0; index < 600; index += 1) void recorder.outcome(base);
  await settle();
  expect(pages.map(({ length }) => length)).toEqual([256, 256]);
  await recorder.close();
  expect(pages.flat()).toHaveLength(600);
});

test("while Postgres stands still nothing is lost, doubled or put out of order", async () => {
  const { recorder, pages, store, pass, telemetry } = open();
  store.state = "down";
  const wanted = Array.from({ length: 700 }, (_, index) => `reason-${index}`);
  for (const [index, reason] of wanted.entries()) {
    void recorder.outcome({ ...base, reason });
    if (index % 100 === 0) await pass(500);
  }
  await pass(5_000);
  expect(pages).toHaveLength(0);
  expect(telemetry.value("gate_record_retries")).toBe(store.tries);
  store.state = "up";
  await pass(500);
  const rows = pages.flat();
  const reasons = rows.map((row) => (JSON.parse(textOf(row)) as { reason: string }).reason);
  expect(reasons).toEqual(wanted);
  expect(new Set(rows.map((row) => row.id)).size).toBe(wanted.length);
});

test("a read waits for its entry once 65,536 are not written yet", async () => {
  const { recorder, store } = open();
  store.state = "hanging";
  const read = { ...base, result: null };
  const answered = Array.from({ length: 65_536 }, () => recorder.outcome(read));
  expect(new Set(answered)).toEqual(new Set([undefined]));
  expect(recorder.outcome(read)).toBeInstanceOf(Promise);
});

test("whoever closes it has what waits written, and does not wait for ever", async () => {
  const up = open();
  void up.recorder.outcome(base);
  await up.recorder.close();
  expect(up.pages.flat()).toHaveLength(1);
  expect(up.clock.sleeping).toBe(1); // The page's own timer, which finds nothing.

  const down = open();
  down.store.state = "down";
  void down.recorder.outcome(base);
  let isClosed = false;
  const closing = down.recorder.close().then(() => (isClosed = true));
  await settle();
  for (let at = 0; at < 9; at += 1) await down.pass(500);
  expect(isClosed).toBe(false);
  await down.pass(500);
  await closing;
});
