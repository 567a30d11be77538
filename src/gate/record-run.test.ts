import { expect, test } from "vitest";
import {
  makeCall,
  makeDecided,
  makeOutcome,
  makeRequest,
  makeRun,
} from "../../test/made-up-call.ts";
import {
  fromEntryBytes,
  toDigest,
  toEntryBytes,
  toUuidV7,
  type Digest,
  type EntryId,
} from "../model/index.ts";
import type { GateAnswer, RunMoment } from "../ports/gate.ts";
import { createInMemoryTelemetry } from "../ports/in-memory-telemetry.ts";
import { createManualClock } from "../ports/manual-clock.ts";
import type { CommitOutcome, CommitUnit } from "../ports/store.ts";
import type { Outcome } from "./outcome.ts";
import { createRecorder } from "./record.ts";

const nowMs = 1_700_000_000_000;
const of = toUuidV7(nowMs, new Uint8Array(10)) as EntryId;
const committed: CommitOutcome = { kind: "committed", head: 7 };
const fenced: CommitOutcome = { kind: "fenced", reason: "epoch" };

function open(answers: CommitOutcome = committed) {
  const clock = createManualClock(nowMs);
  const telemetry = createInMemoryTelemetry({ clock });
  const units: CommitUnit[] = [];
  const ofRun: { readonly unit: CommitUnit; readonly moment: RunMoment }[] = [];
  let drawn = 0;
  let previous: Digest | null = null;
  const recorder = createRecorder({
    clock,
    telemetry,
    mode: "sync",
    openings: { seal: async () => new Uint8Array(), open: async () => null },
    random: (length) => Buffer.alloc(length, (drawn += 1)),
    store: {
      async commit(unit) {
        units.push(unit);
        return committed;
      },
    },
  });
  const run = makeRun({
    previous: () => previous,
    async commit(unit, moment) {
      ofRun.push({ unit, moment });
      return answers;
    },
  });
  const request = makeRequest({ run });
  const ended = (more: Partial<Outcome>): Outcome =>
    makeOutcome({ call: makeCall({ request }), of, ...more });
  const precede = (leaf: Digest): void => void (previous = leaf);
  return { telemetry, units, ofRun, recorder, request, run, ended, precede };
}

const handed = (text: string, more: object = {}): GateAnswer => ({
  kind: "result",
  text,
  isError: false,
  ...more,
});

test("I4: an intent is durable in one unit with the event that says so, and nowhere else", async () => {
  const { recorder, request, run, units, ofRun } = open();
  const call = makeDecided({ request });
  const recorded = await recorder.intent(call);
  expect(units).toEqual([]);
  const [{ unit, moment }] = ofRun as [(typeof ofRun)[0]];
  const [row] = unit.entries!;
  expect(recorded).toEqual({ kind: "durable", id: row!.id });
  expect(moment).toEqual({ kind: "started", entry: row!.id, intent: call.intent.digest });
  expect(row!.opens).toMatchObject({ intent: call.intent.digest, tool: "act" });
  expect(fromEntryBytes(row!.bytes)).toMatchObject({ kind: "intent", run: run.run });
});

test("I5: an outcome is, with what the caller is handed", async () => {
  const { recorder, units, ofRun, run, ended } = open();
  const said = [
    [{ outcome: "answered", handed: handed('{"resultType":"complete","a": 1}') }, {}],
    [{ outcome: "tool_error", handed: { kind: "error", error: { code: 1, message: "no" } } }, {}],
    [{ outcome: "answered", handed: handed("{}", { outcome: "withheld" }) }, { own: "withheld" }],
    [{ outcome: "unknown", handed: "The connection ended." }, {}],
    [{ outcome: "fault", handed: "It is busy." }, {}],
    [
      { outcome: "fault", reason: "freeze_unknown", handed: "Nothing was heard." },
      { isPassing: true },
    ],
    [{ outcome: "denied", handed: handed("{}", { outcome: "consent" }) }, { own: "consent" }],
    [{ outcome: "fault", reason: "upstream_open", handed: "It is away." }, { isUnreached: true }],
  ] as const;
  for (const [given] of said) await recorder.outcome(ended(given));
  expect(units).toEqual([]);
  const texts = ['{"resultType":"complete","a": 1}', "no", "{}", "The connection ended."];
  expect(ofRun.map(({ moment }) => moment)).toEqual(
    said.map(([{ outcome }, more], at) => {
      const text = [...texts, "It is busy.", "Nothing was heard.", "{}", "It is away."][at];
      return { kind: "ended", entry: of, outcome, text, ...more };
    }),
  );
  for (const { unit } of ofRun) {
    const [row] = unit.entries!;
    expect(row!.ends).toMatchObject({ call: of, from: "open" });
    expect(fromEntryBytes(row!.bytes)).toMatchObject({ kind: "outcome", run: run.run });
  }
});

test("an entry of a run points to the one before it, as it is when the entry is made", async () => {
  const { recorder, request, ofRun, units, ended, precede } = open();
  const [first, second] = [toDigest("first"), toDigest("second")];
  await recorder.intent(makeDecided({ request }));
  precede(first);
  await recorder.outcome(ended({}));
  precede(second);
  await recorder.outcome(ended({ of: null }));
  const rows = [...ofRun.map(({ unit }) => unit), ...units].map(({ entries }) => entries![0]!);
  const read = rows.map(({ bytes }) => fromEntryBytes(bytes));
  expect(read).toMatchObject([{ previous: null }, { previous: first }, { previous: second }]);
  // In canonical order still.
  for (const [index, { bytes }] of rows.entries())
    expect(Buffer.from(bytes).toString()).toBe(Buffer.from(toEntryBytes(read[index]!)).toString());
});

test("what was never begun has an entry of its run, and no moment", async () => {
  const { recorder, units, ofRun, run, ended } = open();
  await recorder.outcome(ended({ of: null }));
  await recorder.outcome(ended({ of: null, outcome: "denied", handed: null }));
  expect(ofRun).toEqual([]);
  const runs = units.map(({ entries }) => fromEntryBytes(entries![0]!.bytes));
  expect(runs).toMatchObject([{ run: run.run }, { run: run.run }]);
});

test("I6: a worker that has lost its run begins nothing", async () => {
  const { recorder, request, units, telemetry } = open(fenced);
  await expect(recorder.intent(makeDecided({ request }))).rejects.toMatchObject({
    code: "run_taken",
    retryable: false,
  });
  expect(units).toEqual([]);
  expect(telemetry.value("gate_late_outcomes")).toBeUndefined();
});

test("I6: what it had begun is for the other one to settle, and counted", async () => {
  const { recorder, ended, units, telemetry } = open(fenced);
  const outcome = recorder.outcome(ended({}));
  await expect(outcome).rejects.toMatchObject({ code: "run_taken" });
  expect(units).toEqual([]);
  expect(telemetry.value("gate_late_outcomes")).toBe(1);
});

test.each([[{ kind: "unconsumable", reason: "expired" }], [{ kind: "key_taken" }]] as const)(
  "any other refusal of an intent, %j, is handed back",
  async (refusal) => {
    const { recorder, request } = open(refusal);
    expect(await recorder.intent(makeDecided({ request }))).toEqual(refusal);
  },
);

test("an end that was given up before is counted as any other", async () => {
  const { recorder, ended, telemetry } = open({ ...committed, late: [of] });
  await recorder.outcome(ended({ outcome: "tool_error" }));
  expect(telemetry.value("gate_late_outcomes")).toBe(1);
});

test("a call of a run that ends with nothing to say is a bug, not an empty answer", async () => {
  const { recorder, ended, ofRun } = open();
  await expect(recorder.outcome(ended({ handed: null }))).rejects.toThrow("never begun");
  expect(ofRun).toEqual([]);
});
