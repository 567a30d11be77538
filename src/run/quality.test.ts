import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { seed } from "../../test/scale.ts";
import { principal } from "../../test/simulation/tenant.ts";
import { nothing } from "../model/budget.ts";
import { toDigest, type Digest } from "../model/index.ts";
import {
  fromRunEventBytes,
  runEventSchema,
  toRunEventBytes,
  type PlannedCall,
  type RunEvent,
} from "../model/run-event.ts";
import { runQualitySchema, type RunQuality } from "../model/run-quality.ts";
import { toQuality } from "./quality.ts";

const caps = { micros: null, tokens: null, calls: null };
const run = "01900000-0000-7000-8000-000000000001";

/** A log that is written down event by event, with the texts that it names. */
function write(input = "Go.") {
  const texts = new Map<Digest, string>();
  const events: RunEvent[] = [];
  let steps = 0;
  const keep = (text: string): Digest => {
    const digest = toDigest(text);
    texts.set(digest, text);
    return digest;
  };
  const add = (type: RunEvent["type"], body: object): void =>
    void events.push(runEventSchema.parse({ v: 1, type, atMs: events.length, ...body }));
  add("run.created", {
    agent: "clerk",
    bundle: toDigest("bundle"),
    input: keep(input),
    principal,
    roles: [],
    parent: null,
    root: run,
    forkOf: null,
    context: [],
    caps,
    maxSteps: 50,
    deadlineMs: null,
  });
  const log = {
    events,
    texts,
    add,
    asked(tokens: object, more: object = {}) {
      const snapshot = { parent: null, tokens, dropped: [] };
      add("model.asked", { step: steps, context: toDigest("c"), held: nothing, snapshot, ...more });
      return log;
    },
    says(text: string, ...calls: readonly Asked[]) {
      const planned = calls.map(({ effect = "read", tool, args = "{}" }): PlannedCall => {
        return { tool, args: toDigest(args), effect };
      });
      const usage = { input: 1, cached: 0, written: 0, output: 1, reasoning: 0 };
      add("model.responded", {
        step: steps,
        backend: "b",
        response: keep([text, ...calls.map(({ args = "{}" }) => args), `#${steps}`].join("\n")),
        stop: calls.length === 0 ? "ended" : "tool_calls",
        calls: planned,
        usage,
        prices: toDigest("p"),
        cost: nothing,
      });
      for (const [ordinal, { gives, outcome = "answered", more = {} }] of calls.entries()) {
        if (gives === undefined) continue;
        const place = { step: steps, ordinal, entry: null };
        add("call.ended", { ...place, outcome, result: keep(gives), cost: nothing, ...more });
      }
      steps += 1;
      return log;
    },
    fact(was: string, value: string | null) {
      const key = "fare:LH900";
      const digests = { was: toDigest(was), value: value === null ? null : toDigest(value) };
      const rest = { why: "stale", result: toDigest("r"), cost: nothing };
      add("fact.read", { step: steps - 1, ordinal: 0, key, ...digests, ...rest });
      return log;
    },
    quality: (upTo = events.length): RunQuality =>
      toQuality({ events: events.slice(0, upTo), window: 1_000, texts, isWhole: true }),
  };
  return log;
}

interface Asked {
  readonly tool: string;
  readonly args?: string;
  readonly effect?: PlannedCall["effect"];
  /** Absent: it has not ended. */
  readonly gives?: string;
  readonly outcome?: "answered" | "tool_error" | "denied" | "unavailable" | "fault";
  readonly more?: object;
}

const read = (args: string, gives = "ok"): Asked => ({ tool: "t__read", args, gives });
const effect = (args: string, more: Partial<Asked> = {}): Asked => ({
  tool: "t__write",
  effect: "write",
  args,
  gives: "done",
  ...more,
});

describe("calls", () => {
  test("are well formed where their tool is there and takes the arguments", () => {
    const log = write().says(
      "",
      read('{"n":1}'),
      { tool: "t__nothing", effect: "refused", gives: "no such tool", outcome: "tool_error" },
      effect("{}", { outcome: "tool_error", more: { isMalformed: true } }),
      // It was sound, and the tool itself said no.
      effect('{"n":2}', { outcome: "tool_error" }),
      { tool: "run__wait", effect: "wait", gives: "seconds takes", outcome: "tool_error" },
      { tool: "t__read", args: "open" },
    );
    expect(log.quality()).toMatchObject({ calls: 6, wellFormed: 3 });
  });

  test.each<readonly [string, number, readonly (readonly Asked[])[]]>([
    ["the same read twice", 1, [[read("a")], [read("a")]]],
    ["thrice", 2, [[read("a")], [read("a")], [read("a")]]],
    ["at once", 1, [[read("a"), read("a")]]],
    ["other arguments", 0, [[read("a")], [read("b")]]],
    ["after an effect", 0, [[read("a")], [effect("w")], [read("a")]]],
    [
      "after one that was denied",
      1,
      [[read("a")], [effect("w", { outcome: "denied" })], [read("a")]],
    ],
    [
      "after one that was never made",
      1,
      [
        [read("a")],
        [effect("w", { outcome: "tool_error", more: { isMalformed: true } })],
        [read("a")],
      ],
    ],
    [
      "after one that may have been made",
      0,
      [[read("a")], [effect("w", { outcome: "fault" })], [read("a")]],
    ],
    ["an effect twice", 1, [[effect("w")], [effect("w")]]],
    ["an effect, another one, and it again", 0, [[effect("w")], [effect("x")], [effect("w")]]],
    [
      "after a wait",
      0,
      [[read("a")], [{ tool: "run__wait", effect: "wait", gives: "" }], [read("a")]],
    ],
    ["after it could not be reached", 0, [[{ ...read("a"), outcome: "unavailable" }], [read("a")]]],
    ["after it was denied", 1, [[{ ...read("a"), outcome: "denied" }], [read("a")]]],
    [
      "after a sub-agent",
      0,
      [[read("a")], [{ tool: "agents__x", effect: "agent", gives: "" }], [read("a")]],
    ],
  ])("%s: repeated %i times", (_, repeated, turns) => {
    const log = write();
    for (const calls of turns) log.says("", ...calls);
    expect(log.says("done").quality()).toMatchObject({ repeated });
  });

  test("what a person says may change what was answered", () => {
    const log = write().says("", read("a"));
    log.add("signal.received", { name: "go", payload: toDigest("now"), inbox: 1 });
    expect(log.says("", read("a")).quality().repeated).toBe(0);
  });
});

describe("results", () => {
  test.each<readonly [string, string, string, string, number]>([
    ["a word of it is in the answer", "Go.", "The hotel is the Adlon.", "Take the Adlon.", 0],
    ["a number of it", "Go.", "total 4711", "It costs 4711 in all.", 0],
    ["an identifier in another spelling", "Go.", "BA-117 leaves", "ba117 it is", 0],
    ["nothing of it", "Go.", "The hotel is the Adlon.", "I do not know.", 1],
    ["only what the person had said", "Is the Adlon open?", "Adlon", "The Adlon, yes.", 0],
    [
      "what the person had said, and more that is not used",
      "The Adlon?",
      "Adlon closed",
      "Adlon.",
      1,
    ],
    ["only what is too short to be told apart", "Go.", "a b 7 yes", "No.", 0],
  ])("%s", (_, input, gives, answer, unused) => {
    const log = write(input).says("", read("{}", gives)).says(answer);
    expect(log.quality()).toMatchObject({ results: 1, judged: 1, unused, isSampled: false });
  });

  test("the same text again is looked through once, however often it came", () => {
    const gives = Array.from({ length: 4_000 }, (_, n) => `word${n}`).join(" ");
    const log = write();
    for (let turn = 0; turn < 50; turn += 1) log.says("", read(`{"n":${turn}}`, gives));
    let looks = 0;
    const get = log.texts.get.bind(log.texts);
    log.texts.get = (digest) => {
      if (digest === toDigest(gives)) looks += 1;
      return get(digest);
    };
    expect(log.says("word17 it is").quality()).toMatchObject({ results: 50, unused: 0 });
    expect(looks).toBeLessThan(3);
    expect(log.says("", read("{}", gives)).says("So.").quality()).toMatchObject({ results: 51 });
  });

  test("are used by arguments of a later call, and not by those of the call itself", () => {
    const found = read('{"query":"lodging"}', "lodging at the Adlon");
    const used = write().says("", found).says("", effect('{"hotel":"Adlon"}')).says("Done.");
    expect(used.quality()).toMatchObject({ results: 1, unused: 0 });
    const said = write().says("", found).says("Some lodging.");
    expect(said.quality()).toMatchObject({ results: 1, unused: 1 });
  });

  test("are reads that were answered, and that the model went on after", () => {
    const log = write().says(
      "",
      effect("w", { gives: "confirmed 4711" }),
      { ...read("x", "failed 4712"), outcome: "tool_error" },
      read("y", "answer 4713"),
    );
    expect(log.quality()).toMatchObject({ results: 0, unused: 0 });
    expect(log.says("So be it.").quality()).toMatchObject({ results: 1, unused: 1 });
  });

  test("that were not read, or whose later answers were not, are not judged", () => {
    const log = write().says("", read("x", "the Adlon"), read("y", "the Ritz 4711"));
    log.says("Nothing.");
    log.texts.delete(toDigest("the Adlon"));
    expect(log.quality()).toMatchObject({ results: 2, judged: 1, unused: 1, isSampled: true });
    log.texts.delete(toDigest("Nothing.\n#1"));
    expect(log.quality()).toMatchObject({ results: 2, judged: 0, unused: 0, isSampled: true });
  });
});

test("facts: read again, changed, refused for it, and contradicted", () => {
  const log = write().says("", effect("a"));
  log.fact("100", "100").fact("100", "120").fact("100", null);
  log.says("", effect("b", { gives: undefined as never }));
  log.fact("1", "2");
  const place = { step: 1, ordinal: 0, entry: null, result: toDigest("no"), cost: nothing };
  log.add("call.ended", { ...place, outcome: "denied", contradicts: "fare:LH900" });
  expect(log.quality()).toMatchObject({
    factsRead: 4,
    staleFacts: 3,
    staleEffects: 1,
    contradictions: 1,
  });
});

describe("the window", () => {
  const tokens = (n: number, sources = {}) => ({
    instructions: n,
    tools: 2 * n,
    conversation: 3 * n,
    sources,
  });

  test("by part, on average and at last; summaries are no turns", () => {
    const log = write()
      .asked(tokens(50))
      .asked(tokens(100, { profile: 40 }));
    log.asked(tokens(300), { for: "summary" });
    expect(log.quality().window).toEqual({
      mean: { instructions: 0.075, tools: 0.15, conversation: 0.225, sources: { profile: 0.02 } },
      last: { instructions: 0.1, tools: 0.2, conversation: 0.3, sources: { profile: 0.04 } },
      largest: 0.64,
    });
  });

  test("no more than all of it, and nothing where nobody was asked", () => {
    expect(write().quality().window).toBeNull();
    const { window } = write().asked(tokens(9_000)).quality();
    expect(window).toMatchObject({ largest: 1, mean: { tools: 1 } });
  });
});

const countOf = fc.integer({ min: 0, max: 100_000 });
const askedArbitrary: fc.Arbitrary<Asked> = fc.record({
  tool: fc.constantFrom("t__read", "t__write", "run__wait", "__proto__"),
  args: fc.constantFrom("{}", '{"n":4711}', "constructor"),
  effect: fc.constantFrom("read", "write", "agent", "wait", "skill", "find", "refused"),
  gives: fc.oneof(fc.constant("the Adlon 4711"), fc.string({ unit: "grapheme" })),
  outcome: fc.constantFrom("answered", "tool_error", "denied", "unavailable", "fault"),
});
const stepArbitrary = fc.oneof(
  fc.record({ calls: fc.array(askedArbitrary, { maxLength: 4 }), text: fc.string() }),
  fc.record({
    instructions: countOf,
    tools: countOf,
    conversation: countOf,
    sources: fc.constant({ p: 7 }),
  }),
  fc.constantFrom("stale", "fresh", "signal"),
);

type Step = typeof stepArbitrary extends fc.Arbitrary<infer One> ? One : never;

function writeAll(steps: readonly Step[]) {
  const log = write().says("");
  for (const step of steps) {
    if (step === "signal")
      log.add("signal.received", {
        name: "go",
        payload: toDigest("now"),
        inbox: log.events.length,
      });
    else if (typeof step === "string") log.fact("1", step === "stale" ? "2" : "1");
    else if ("calls" in step) log.says(step.text, ...step.calls);
    else log.asked(step);
  }
  return log;
}

const stable = [
  "calls",
  "factsRead",
  "staleFacts",
  "contradictions",
  "compactions",
  "results",
] as const;

test("any prefix of any log has sound figures, which only grow, and are the same once written and read", () => {
  fc.assert(
    fc.property(fc.array(stepArbitrary, { maxLength: 20 }), (steps) => {
      const log = writeAll(steps);
      let before = log.quality(1);
      for (let upTo = 1; upTo <= log.events.length; upTo += 1) {
        const quality = log.quality(upTo);
        // Whole numbers and shares from 0 to 1: anything else does not parse.
        expect(runQualitySchema.parse(quality)).toEqual(quality);
        expect(quality.wellFormed).toBeLessThanOrEqual(quality.calls);
        expect(quality.repeated).toBeLessThanOrEqual(quality.calls);
        expect(quality.unused).toBeLessThanOrEqual(quality.judged);
        expect(quality.judged).toBeLessThanOrEqual(quality.results);
        expect(quality.staleFacts).toBeLessThanOrEqual(quality.factsRead);
        for (const key of stable) expect(quality[key]).toBeGreaterThanOrEqual(before[key]);
        before = quality;
      }
      const events = log.events.map((event) => fromRunEventBytes(toRunEventBytes(event)));
      const again = toQuality({ events, window: 1_000, texts: log.texts, isWhole: true });
      expect(again).toEqual(before);
    }),
    { seed: seed(), numRuns: 200 },
  );
});
