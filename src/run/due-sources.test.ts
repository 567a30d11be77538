import { expect, test } from "vitest";
import { text, tool } from "../../test/context/sources-scene.ts";
import { principal } from "../../test/simulation/tenant.ts";
import { nothing } from "../model/budget.ts";
import { toDigest, type RunId } from "../model/index.ts";
import { runEventSchema, type PlannedCall, type RunEvent } from "../model/run-event.ts";
import { listDue } from "./due-sources.ts";
import { fold } from "./fold.ts";
import type { RunView } from "./view.ts";

const digest = toDigest("x");
const child = "01900000-0000-7000-8000-000000000002" as RunId;

/** A run that has read its sources at some time, and was then answered with one call. */
function readAt(atMs: number, call: Pick<PlannedCall, "tool" | "effect">) {
  const add = (view: RunView | null, type: RunEvent["type"], body: object): RunView =>
    fold(view, runEventSchema.parse({ v: 1, type, atMs, ...body }));
  const caps = { micros: null, tokens: null, calls: null };
  let view = add(null, "run.created", {
    agent: "clerk",
    bundle: digest,
    input: digest,
    principal,
    roles: [],
    parent: null,
    root: child,
    forkOf: null,
    context: [],
    caps,
    maxSteps: 9,
    deadlineMs: null,
  });
  const read = { step: 0, digest, why: "first", isError: false, tokens: 1, cut: 0 };
  view = add(view, "run.started", {});
  view = add(view, "source.read", { ...read, source: "stock" });
  view = add(view, "source.read", { ...read, source: "shop" });
  view = add(view, "model.asked", { step: 0, context: digest, held: nothing });
  view = add(view, "model.responded", {
    step: 0,
    backend: "b",
    response: digest,
    stop: "tool_calls",
    calls: [{ ...call, args: digest }],
    usage: { input: 1, cached: 0, written: 0, output: 1, reasoning: 0 },
    prices: digest,
    cost: nothing,
  });
  return {
    view,
    next: (type: RunEvent["type"], body: object): RunView => (view = add(view, type, body)),
  };
}

const place = { step: 0, ordinal: 0 };
const end = { ...place, entry: null, outcome: "answered", result: digest, cost: nothing };
const sources = (after: string) => [text("shop", "Tea."), tool("stock", { after: [after] })];
const whys = (after: string, view: RunView, nowMs = 10_000) =>
  listDue(sources(after), view, nowMs).map(({ source, why }) => `${source.name} ${why}`);

test("a source is made old by a tool that ended since, whatever the clock of whoever made the call says", () => {
  const call = { tool: "t__write", effect: "write" } as const;
  for (const atMs of [9_000, 10_000, 11_000]) {
    const { view, next } = readAt(10_000, call);
    expect(whys("t__write", view)).toEqual([]);
    expect(whys("t__write", next("call.ended", { ...end, atMs }))).toEqual(["stock invalidated"]);
    const again = { digest, why: "invalidated", isError: false, tokens: 1, cut: 0, step: 1 };
    // By another one, whose clock is behind.
    const fresh = next("source.read", { ...again, source: "stock", atMs: atMs - 5_000 });
    expect(whys("t__write", fresh)).toEqual([]);
  }
});

test("a source is made old by a sub-agent that ended since", () => {
  const { view, next } = readAt(10_000, { tool: "agents__child", effect: "agent" });
  expect(whys("agents__child", next("child.started", { ...place, run: child }))).toEqual([]);
  const ended = {
    ...place,
    run: child,
    outcome: "completed",
    result: digest,
    inbox: 1,
    atMs: 10_500,
  };
  expect(whys("agents__child", next("child.ended", ended))).toEqual(["stock invalidated"]);
  expect(whys("agents__other", view)).toEqual([]);
});
