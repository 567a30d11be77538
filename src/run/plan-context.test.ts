import { expect, test } from "vitest";
import { usualContext } from "../model/agent-context.ts";
import { toDigest } from "../model/index.ts";
import type { SizedPart } from "./assemble.ts";
import { planContext, toMostOfSummary, toRoom, type Planning } from "./plan-context.ts";

const digest = toDigest("x");
const content = { name: null, text: "", isError: false };
type Kind = SizedPart["part"]["kind"];

const toPart = (kind: Kind, step: number, tokens: number): SizedPart => ({
  part: { kind, digest, step, ordinal: 0 },
  content,
  tokens,
});

/** An input of 100 tokens, and turns of an answer of 10 and a result of so many each. */
function toPlanning(results: readonly number[], more: Partial<Planning> = {}): Planning {
  const turns = results.flatMap((tokens, step) => [
    toPart("response", step, 10),
    toPart("result", step, tokens),
  ]);
  const parts = [toPart("input", 0, 100), ...turns];
  const tokens = parts.reduce((sum, each) => sum + each.tokens, 0);
  const room = { tokens: 10_000, from: 7_500, summary: 200, done: 100 };
  return {
    assembled: { parts, tokens },
    room,
    keepTurns: 2,
    ledger: 50,
    ...more,
  };
}

test.each<readonly [string, Planning, object]>([
  ["little is asked as it is", toPlanning([2_000, 2_000]), { kind: "ask" }],
  [
    "from a share of the window on, all but the newest turns goes",
    toPlanning([2_500, 2_500, 1_500, 1_500]),
    { kind: "compact", upTo: 2 },
  ],
  [
    "where hardly anything is older, it waits for as long as there is room",
    toPlanning([100, 4_000, 4_000]),
    { kind: "ask" },
  ],
  ["as it does where nothing is older", toPlanning([4_000, 4_000]), { kind: "ask" }],
  ["with no room, fewer turns stay", toPlanning([100, 6_000, 6_000]), { kind: "compact", upTo: 2 }],
  [
    "one turn that is too long is shortened after what is older has gone",
    toPlanning([3_000, 30_000]),
    { kind: "compact", upTo: 1 },
  ],
  ["and at once where nothing is older", toPlanning([30_000]), { kind: "shorten", most: 8_000 }],
  [
    "as short as has to be",
    toPlanning([30_000], { room: { tokens: 800, from: 600, summary: 100, done: 50 } }),
    { kind: "shorten", most: 500 },
  ],
  [
    "an input that is too long for itself is full, whatever is left out",
    toPlanning([10, 10], { room: { tokens: 90, from: 60, summary: 20, done: 10 } }),
    { kind: "full", least: 140 },
  ],
  [
    "and so is what is open",
    toPlanning([3_000, 30_000], { ledger: 20_000, room: toRoomOf(6_000) }),
    { kind: "shorten", most: 2_000 },
  ],
])("%s", (_, planning, plan) => {
  expect(planContext(planning)).toEqual(plan);
});

function toRoomOf(tokens: number) {
  return { tokens, from: Math.floor(tokens * 0.75), summary: 200, done: 100 };
}

test("what is asked for or compacted always fits, and each compaction leaves fewer turns", () => {
  for (let window = 200; window <= 40_000; window += 371) {
    for (const count of [1, 2, 5, 9]) {
      const room = toRoomOf(window);
      let planning = toPlanning(
        Array.from({ length: count }, (_, n) => 300 * (n + 1)),
        { room },
      );
      for (let rounds = 0; ; rounds += 1) {
        const plan = planContext(planning);
        if (plan.kind !== "compact") {
          if (plan.kind === "ask")
            expect(planning.assembled.tokens).toBeLessThanOrEqual(room.tokens);
          break;
        }
        expect(rounds).toBeLessThan(count);
        planning = toPlanned(planning, plan.upTo);
      }
    }
  }
});

function toPlanned(planning: Planning, upTo: number): Planning {
  const { assembled, room, ledger } = planning;
  const first = assembled.parts.findIndex(
    ({ part }) => part.kind === "response" && part.step === upTo,
  );
  const parts = [
    toPart("input", 0, 100),
    toPart("summary", upTo, toMostOfSummary(room)),
    toPart("ledger", upTo, ledger),
    ...assembled.parts.slice(first),
  ];
  return {
    ...planning,
    assembled: { parts, tokens: parts.reduce((sum, each) => sum + each.tokens, 0) },
  };
}

test("a backend that counts twice what we estimate has half the room", () => {
  const context = { ...usualContext, window: 20_000 };
  const one = toRoom(context, { maxTokens: 4_000, factor: 1 });
  expect(one).toEqual({ tokens: 16_000, from: 12_000, summary: 2_048, done: 2_000 });
  const two = toRoom(context, { maxTokens: 4_000, factor: 2 });
  expect(two).toEqual({ tokens: 8_000, from: 6_000, summary: 2_000, done: 1_000 });
  expect(toRoom(context, { maxTokens: 30_000, factor: 1 })).toMatchObject({ tokens: 0, from: 0 });
});
