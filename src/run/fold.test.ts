import fc from "fast-check";
import { expect, test } from "vitest";
import { actsArbitrary, limitsArbitrary, planArbitrary } from "../../test/simulation/plan.ts";
import { createEngine, script } from "../../test/simulation/engine.ts";
import { live } from "../../test/simulation/world.ts";
import { scaled, seed } from "../../test/scale.ts";
import { nothing, toDigest, toUuidV7, type RunEvent } from "../model/index.ts";
import { fromRunEventBytes, toRunEventBytes } from "../model/run-event.ts";
import type { Runs } from "../ports/run-rows.ts";
import { fold } from "./fold.ts";
import { loadView, toSnapshotBytes } from "./load-view.ts";
import type { RunView } from "./view.ts";

const runs = { seed: seed(), numRuns: scaled({ test: 15, prove: 500 }) };
const acts = actsArbitrary("cancel", "signal", "pause", "resume");
const digest = toDigest("x");
const id = toUuidV7(1_700_000_000_000, new Uint8Array(10).fill(1));

function foldAll(events: readonly RunEvent[], from: RunView | null = null): RunView | null {
  return events.reduce<RunView | null>((view, event) => fold(view, event), from);
}

/** A log as a store has it, with a snapshot kept at some event. */
function toRuns(events: readonly RunEvent[], keptAt: number | null) {
  const reads: number[] = [];
  const stored = {
    async read(run, { after, limit }) {
      reads.push(after);
      const page = events.slice(after, after + limit);
      return page.map((event, index) => ({
        run,
        seq: after + index + 1,
        payload: toRunEventBytes(event),
      }));
    },
    async snapshot() {
      if (keptAt === null) return null;
      return { seq: keptAt, bytes: toSnapshotBytes(foldAll(events.slice(0, keptAt))!) };
    },
  } satisfies Pick<Runs, "read" | "snapshot">;
  return { stored, reads };
}

test("I6: folding a log in two parts gives what folding it whole does, and so does a snapshot", async () => {
  await fc.assert(
    fc.asyncProperty(planArbitrary, fc.nat(), limitsArbitrary, acts, async (...drawn) => {
      const [plan, worldSeed, limits, done] = drawn;
      const world = { plan, seed: worldSeed, isKeyed: true, limits, acts: done };
      const { logs } = await live({ ...world, fate: null });
      for (const events of await logs()) {
        const whole = foldAll(events);
        for (let at = 1; at < events.length; at += 1) {
          const before = foldAll(events.slice(0, at));
          expect(foldAll(events.slice(at), before)).toEqual(whole);
          const read = JSON.parse(Buffer.from(toSnapshotBytes(before!)).toString()) as {
            readonly view: RunView;
          };
          expect(foldAll(events.slice(at), read.view)).toEqual(whole);
        }
        for (const event of events)
          expect(fromRunEventBytes(toRunEventBytes(event))).toEqual(event);
      }
    }),
    runs,
  );
});

const base = { v: 1, atMs: 5 } as const;
const place = { step: 0, ordinal: 0 };
const created = {
  ...base,
  type: "run.created",
  agent: "a",
  bundle: digest,
  input: digest,
  roles: [],
  principal: {
    tenant: "acme" as never,
    kind: "user",
    subject: "ada",
    actor: null,
  },
  parent: null,
  root: id as never,
  forkOf: null,
  context: [],
  maxSteps: 9,
  caps: {
    micros: null,
    tokens: null,
    calls: null,
  },
  deadlineMs: null,
} as const satisfies RunEvent;
const ended = {
  ...base,
  type: "call.ended",
  ...place,
  entry: null,
  outcome: "answered",
  result: digest,
  cost: nothing,
} as const satisfies RunEvent;
const responded = {
  ...base,
  type: "model.responded",
  step: 0,
  backend: "b",
  response: digest,
  prices: digest,
  stop: "tool_calls",
  calls: [
    {
      tool: "t",
      args: digest,
      effect: "read",
    },
  ],
  cost: nothing,
  usage: {
    input: 1,
    cached: 0,
    written: 0,
    output: 1,
    reasoning: 0,
  },
} as const satisfies RunEvent;
const asked = { ...base, type: "model.asked", step: 0, context: digest, held: nothing } as const;
const started = { ...base, type: "run.started" } as const;

test.each<readonly [string, readonly RunEvent[]]>([
  ["a run begins with", [started]],
  ["created twice", [created, created]],
  ["cannot be woken", [created, { ...base, type: "run.woken", by: "timer" }]],
  ["nobody had asked for", [created, started, responded]],
  ["there is no call", [created, started, ended]],
  ["has ended before", [created, started, asked, responded, ended, ended]],
  [
    "a child stopped that is none",
    [created, { ...base, type: "child.stopped", run: id as never, reason: "budget", inbox: null }],
  ],
])("%s: what cannot have happened is told as a bug", (words, events) => {
  expect(() => foldAll(events)).toThrow(words);
  expect(foldAll(events.slice(0, -1))).toBeDefined();
});

test("a run of 10,000 events is loaded from its snapshot and a page or so", async () => {
  const events: RunEvent[] = [created, started];
  for (let step = 0; events.length < 10_000; step += 1)
    events.push({ ...asked, step }, { ...responded, step }, { ...ended, step });
  const { stored, reads } = toRuns(events, 9_500);
  const loaded = (await loadView(stored, id as never, events.length))!;
  expect(loaded).toMatchObject({ head: events.length, snapshotSeq: 9_500 });
  expect(reads).toEqual([9_500]);
  expect(loaded.view).toEqual(foldAll(events));
  const old = toRuns(events, null);
  expect((await loadView(old.stored, id as never, events.length))!.view).toEqual(loaded.view);
  expect(old.reads).toHaveLength(11);
});

test("a snapshot of another version is not read", async () => {
  const events = [created, started];
  const { stored } = toRuns(events, null);
  const bytes = Buffer.from('{"v":1,"view":{}}');
  const kept = { ...stored, snapshot: async () => ({ seq: 1, bytes }) };
  const loaded = await loadView(kept, id as never, 2_000);
  expect(loaded).toMatchObject({ head: 2, snapshotSeq: 0 });
});

test("100 turns on a long context make a log below 2 MB", async () => {
  const text = "word ".repeat(8_000);
  const turns = Array.from({ length: 100 }, (_, n) => [
    ["t__read", { n }] as const,
    ["t__read", { n: n + 1_000 }] as const,
  ]);
  const engine = await createEngine({
    model: script(...turns),
    gate: () => async () => ({
      kind: "result",
      isError: false,
      text: JSON.stringify({
        content: [
          {
            type: "text",
            text,
          },
        ],
      }),
    }),
    limits: { maxSteps: 200 },
  });
  const run = await engine.start();
  await engine.settle();
  expect(await engine.read(run)).toMatchObject({ state: "completed", steps: 101 });
  const rows = await engine.store.runs.read(run, { after: 0, limit: 10_000 });
  const bytes = rows.reduce((sum, { payload }) => sum + payload.byteLength, 0);
  expect(bytes).toBeLessThan(2_000_000);
});
