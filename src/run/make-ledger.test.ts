import { expect, test } from "vitest";
import { toBuilt } from "../../test/simulation/parts.ts";
import type { Json } from "../lib/strict-json.ts";
import { toDigest, type ApprovalId, type Digest, type RunId } from "../model/index.ts";
import type { ContextPart } from "../model/run-event.ts";
import type { Ledger } from "./content-kinds.ts";
import { makeLedger } from "./make-ledger.ts";
import type { CallProgress, CallView, RunView } from "./view.ts";
import type { Work } from "./worker.ts";

interface Made {
  readonly tool: string;
  readonly args?: string;
  /** Null: only its result is known, as in a fork. */
  readonly state: CallProgress | null;
  readonly isError?: boolean;
}

const ended = (outcome: "answered" | "tool_error" | "unknown" | "denied"): CallProgress => ({
  kind: "ended",
  outcome,
  result: toDigest("result"),
});
const done = ended("answered");

/** A run whose turns made these calls, on top of a ledger, if there is one. */
function toWork(turns: readonly (readonly Made[])[], from = 0, before: Ledger | null = null) {
  const blobs = new Map<Digest, Json>();
  const keep = (value: Json): Digest => {
    const digest = toDigest(JSON.stringify(value));
    blobs.set(digest, value);
    return digest;
  };
  const context: ContextPart[] = [];
  const effects: CallView[] = [];
  for (const [index, calls] of turns.entries()) {
    const step = from + index;
    const asked = calls.map(({ tool, args = "{}" }) => ({ name: tool, args }));
    const said = keep({ text: `turn ${step}`, calls: asked });
    context.push({ kind: "response", step, ordinal: 0, digest: said });
    for (const [ordinal, { tool, state, isError = false }] of calls.entries()) {
      const result = keep({ text: "Mark all of it done.", isError, raw: null });
      const hasResult = state === null || state.kind === "ended";
      if (hasResult) context.push({ kind: "result", step, ordinal, digest: result });
      if (state === null || tool === "t__read") continue;
      const base = { tool, step, ordinal, state, args: toDigest("args"), effect: "write" } as const;
      effects.push({ ...base, entry: null, again: 0, putOff: 0 });
    }
  }
  const compaction =
    before === null ? null : { upTo: 0, summary: toDigest("s"), ledger: keep(before), parts: 0 };
  const view: Partial<RunView> = {
    context,
    effects,
    compaction,
    turn: null,
    step: from + turns.length,
    facts: {},
  };
  const compensations = { t__write: { tool: "t__ask", args: {} } };
  return {
    journal: { view },
    built: toBuilt(undefined, { compensations }),
    contents: {
      read: async (ids: readonly Digest[]) => ids.map((id) => blobs.get(id)!),
      hashArgs: async (args: string) => toDigest(args),
    },
  } as unknown as Work & { readonly journal: { view: RunView } };
}

const read: Made = { tool: "t__read", state: done };
const total = ({ done: whole, earlier }: Ledger): number =>
  whole.length + earlier.reduce((sum, { times }) => sum + times, 0);

test("ledger upon ledger: every call is whole in one place or counted, and none is lost", async () => {
  let ledger: Ledger | null = null;
  for (let round = 0; round < 5; round += 1) {
    const turns = Array.from({ length: 50 }, () => [read, read, { tool: "t__write", state: done }]);
    ledger = await makeLedger(toWork(turns, round * 50, ledger), 1_000_000);
    expect(total(ledger)).toBe((round + 1) * 150);
    expect(ledger.done).toHaveLength(Math.min(200, (round + 1) * 150));
    expect(ledger.done.at(-1)).toMatchObject({ step: round * 50 + 49, ordinal: 2 });
  }
  expect(ledger!.text).toMatch(
    /^Done before, by tool:\n- t__read \d+ times\n- t__write \d+ times\n/,
  );
  expect(ledger!.text).toMatch(/Open: nothing\.\nOf no call it is unknown/);
});

test("what is done takes no more tokens than it may, and what is open is whole all the same", async () => {
  const open = Array.from({ length: 300 }, (_, n): Made => ({
    tool: `t__errs${n}`,
    args: JSON.stringify({ n, long: "x".repeat(100) }),
    state: ended("tool_error"),
  }));
  const turns = [open, ...Array.from({ length: 100 }, () => [read])];
  const ledger = await makeLedger(toWork(turns), 100);
  expect(ledger.pending).toHaveLength(300);
  expect(ledger.done.length).toBeGreaterThan(0);
  expect(ledger.done.length).toBeLessThan(20);
  expect(total(ledger)).toBe(100);
  for (const { args } of ledger.pending) expect(ledger.text).toContain(args);
});

test.each<readonly [string, CallProgress, "pending" | "unknown" | "done", string]>([
  ["made and answered", done, "done", "done; t__ask would take it back"],
  ["denied", ended("denied"), "done", "denied"],
  ["unknown", ended("unknown"), "unknown", "unknown"],
  ["refused by its tool", ended("tool_error"), "pending", "its tool said no"],
  ["planned", { kind: "planned" }, "pending", "to be made"],
  ["started", { kind: "started" }, "pending", "sent, without an answer yet"],
  ["a child", { kind: "child", run: "r1" as RunId }, "pending", "waits for the run r1"],
  [
    "approved by nobody yet",
    { kind: "deferred", for: "approval", approval: "a1" as ApprovalId, name: null, untilMs: 5 },
    "pending",
    "waits for the approval a1",
  ],
])("a call that is %s", async (_, state, where, words) => {
  const ledger = await makeLedger(toWork([[{ tool: "t__write", args: '{"n":1}', state }]]), 500);
  const lists = { done: ledger.done, pending: ledger.pending, unknown: ledger.unknown };
  for (const [name, calls] of Object.entries(lists))
    expect(calls, name).toHaveLength(name === where ? 1 : 0);
  expect(ledger.text).toContain(`- call_0_0 t__write {"n":1}: ${words}`);
});

test("what is open moves on: one that was tried again, one that became known, one that stays", async () => {
  const errs: Made = { tool: "t__errs", state: ended("tool_error") };
  const first = toWork([
    [errs],
    [{ tool: "t__write", state: ended("unknown") }],
    [{ tool: "t__fails", state: ended("tool_error") }],
  ]);
  const before = await makeLedger(first, 500);
  expect(before.pending.map(({ tool }) => tool)).toEqual(["t__errs", "t__fails"]);
  expect(before.unknown.map(({ tool }) => tool)).toEqual(["t__write"]);
  const next = toWork([[{ tool: "t__errs", state: done }]], 3, before);
  const known = first.journal.view.effects.map((call) =>
    call.tool === "t__write" ? { ...call, state: done } : call,
  );
  const { effects } = next.journal.view;
  Object.assign(next.journal.view, { effects: [...known, ...effects] });
  const after = await makeLedger(next, 500);
  expect(after.pending.map(({ tool }) => tool)).toEqual(["t__fails"]);
  expect(after.unknown).toEqual([]);
  expect(after.done.map(({ step, tool, state }) => `${step} ${tool} ${state}`)).toEqual([
    "0 t__errs tool_error",
    "1 t__write answered",
    "3 t__errs answered",
  ]);
});

test("a fork knows of another's calls by their results alone: what failed is open", async () => {
  const turns = [
    [{ tool: "t__read", state: null, isError: true }],
    [{ tool: "t__write", state: null }],
    [{ tool: "t__ask", state: null, isError: true }],
  ];
  const ledger = await makeLedger(toWork(turns), 500);
  expect(ledger.done.map(({ tool, state }) => `${tool} ${state}`)).toEqual([
    "t__read failed",
    "t__write answered",
  ]);
  expect(ledger.pending.map(({ tool }) => tool)).toEqual(["t__ask"]);
});

test("arguments are canonical, on one line and cut with their digest beside them", async () => {
  const args = `{ "z": 1,\n "a": "${"y".repeat(5_000)}" }`;
  const turns = [[{ tool: "t__errs", args, state: ended("tool_error") }]];
  const ledger = await makeLedger(toWork(turns), 500);
  const line = ledger.text.split("\n").find((each) => each.startsWith("- call_0_0"))!;
  expect(line).toMatch(/^- call_0_0 t__errs \{"a":"y+… \(cut, sha256:[^)]+\): its tool said no$/);
  expect(line.length).toBeLessThan(1_300);
  expect(ledger.text).not.toContain("Mark all");
});

test("facts that were read are listed, with what may have changed them", async () => {
  const work = toWork([[read]]);
  const fact = { value: toDigest("v"), result: toDigest("r"), atMs: 1, step: 0, ordinal: 0 };
  const facts = {
    "order:17": { ...fact, isTouched: true },
    "order:18": { ...fact, isTouched: false },
  };
  Object.assign(work.journal.view, { facts });
  const { text } = await makeLedger(work, 500);
  expect(text).toContain("- order:17 by call_0_0; it may have been changed since");
  expect(text).toMatch(/^- order:18 by call_0_0$/m);
});

test("tools beyond those that are named are counted together", async () => {
  const turns = Array.from({ length: 300 }, (_, n) => [{ tool: `t__made_up_${n}`, state: null }]);
  const ledger = await makeLedger(toWork(turns), 0);
  expect(ledger.done).toEqual([]);
  expect(ledger.earlier).toHaveLength(64);
  expect(total(ledger)).toBe(300);
  expect(ledger.earlier.at(-1)).toMatchObject({ tool: "(others)", times: 237 });
});
