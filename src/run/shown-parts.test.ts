import fc from "fast-check";
import { expect, test } from "vitest";
import { scaled, seed } from "../../test/scale.ts";
import { toDigest } from "../model/index.ts";
import type { ContextPart } from "../model/run-event.ts";
import { toCompaction } from "./fold-snapshot.ts";
import { toShown, type ShownPart } from "./shown-parts.ts";
import type { RunView } from "./view.ts";

const runs = { seed: seed(), numRuns: scaled({ test: 200, prove: 20_000 }) };
const summary = toDigest("summary");
const ledger = toDigest("ledger");

/** What a turn brings besides its answer: results, what people say, sources, and calls made again. */
const turnArbitrary = fc.record({
  results: fc.nat(4),
  signals: fc.nat(2),
  sources: fc.array(fc.constantFrom("a", "b"), { maxLength: 2 }),
  isAgain: fc.boolean(),
});
type Turn = typeof turnArbitrary extends fc.Arbitrary<infer One> ? One : never;

function toHistory(turns: readonly Turn[]): readonly ContextPart[] {
  const parts: ContextPart[] = [];
  const add = (kind: ContextPart["kind"], step: number, ordinal = 0, name?: string): void =>
    void parts.push({
      kind,
      step,
      ordinal,
      digest: toDigest(`${kind} ${parts.length}`),
      ...(name === undefined ? {} : { name }),
    });
  add("input", 0);
  for (const [step, { results, signals, sources, isAgain }] of turns.entries()) {
    for (const name of sources) add("source", step, 0, name);
    add("response", step);
    // They come in any order.
    for (let ordinal = results - 1; ordinal >= 0; ordinal -= 1) add("result", step, ordinal);
    for (let count = 0; count < signals; count += 1) add("signal", step + 1);
    if (isAgain) add("late", 0);
  }
  return parts;
}

type Asked = Pick<RunView, "context" | "compaction" | "sources" | "listed">;

function toView(context: readonly ContextPart[], upTo: number | null): Asked {
  const last = context.filter(({ kind }) => kind === "source");
  return {
    context,
    compaction: toCompaction(upTo === null ? null : { upTo, summary, ledger }, context),
    sources: Object.fromEntries(
      last.map(({ name, digest, step }) => [name, { digest, step, atMs: 0, isError: false }]),
    ),
    listed: { parts: 0, compacted: 0 },
  };
}

const isSaid = ({ kind }: ShownPart): boolean => kind === "input" || kind === "signal";
const isStand = ({ kind }: ShownPart): boolean => kind === "summary" || kind === "ledger";

test("a compaction leaves what people said, what stays and the order of both as they were", () => {
  fc.assert(
    fc.property(fc.array(turnArbitrary, { minLength: 1, maxLength: 8 }), fc.nat(), (turns, at) => {
      const context = toHistory(turns);
      const upTo = at % turns.length;
      const before = toShown(toView(context, null));
      const view = toView(context, upTo);
      const after = toShown(view);
      expect(after.parts.filter(isSaid)).toEqual(before.parts.filter(isSaid));
      // Sources that were read after the turn stand before it, and stay with it.
      const border = before.parts.findIndex(
        ({ kind, step }) =>
          (kind === "response" && step === upTo) || (kind === "source" && step === upTo + 1),
      );
      const stay = after.parts.findIndex(({ kind }) => kind === "ledger") + 1;
      expect(after.parts.slice(stay)).toEqual(before.parts.slice(border));
      expect(after.parts.filter(isStand).map(({ kind }) => kind)).toEqual(["summary", "ledger"]);
      // What is not shown is listed, and nothing is both.
      const { length } = after.parts.filter((part) => !isStand(part));
      expect(length + after.dropped.length).toBe(context.length);
      for (const { kind, step, why } of after.dropped) {
        if (why !== "compacted") continue;
        expect(["response", "result", "late"]).toContain(kind);
        expect(step).toBeLessThan(upTo);
      }
      const { parts } = view.compaction!;
      const listed = { parts: context.length, compacted: parts };
      expect(toShown({ ...view, listed }).dropped).toEqual([]);
    }),
    runs,
  );
});

test("of a source the last version is shown, even where it says again what an older one said", () => {
  const source = (text: string, step: number): ContextPart => ({
    kind: "source",
    digest: toDigest(text),
    step,
    ordinal: 0,
    name: "a",
  });
  const context = [source("one", 0), source("two", 1), source("one", 2)];
  const { parts, dropped } = toShown(toView(context, null));
  expect(parts).toEqual([context[2]]);
  expect(dropped.map(({ step, why }) => `${step} ${why}`)).toEqual([
    "0 superseded",
    "1 superseded",
  ]);
  // The first was listed by the snapshot before.
  const listed = { parts: 2, compacted: 0 };
  expect(toShown({ ...toView(context, null), listed }).dropped).toMatchObject([{ step: 1 }]);
});
