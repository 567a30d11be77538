import fc from "fast-check";
import { expect, test, vi } from "vitest";
import { parseStrictJson } from "../../src/lib/strict-json.ts";
import type { ContextSource } from "../../src/model/agent-context.ts";
import type { RunEvent } from "../../src/model/run-event.ts";
import type { GateRequest } from "../../src/ports/gate.ts";
import { fold } from "../../src/run/fold.ts";
import { toSnapshotBytes } from "../../src/run/load-view.ts";
import type { RunView } from "../../src/run/view.ts";
import { scaled, seed } from "../scale.ts";
import { turnOf, type Call } from "../simulation/engine.ts";
import { openReplicas, toAsking, toPrincipal } from "./replicas-scene.ts";
import {
  contents,
  profile,
  prompt,
  resource,
  said,
  text,
  tool,
  withSources,
  words,
} from "./sources-scene.ts";

vi.setConfig({ testTimeout: 300_000 });

interface History {
  readonly sources: readonly ContextSource[];
  readonly turns: readonly (readonly Call[])[];
  /** Which replica takes which wake. */
  readonly takes: readonly (0 | 1)[];
  /** After how many turns of the event loop each answer comes. */
  readonly delays: readonly number[];
  /** How long what is read stays the same. */
  readonly changesMs: number;
  readonly cutAt: number;
}

const reading = fc.record({
  freshMs: fc.constantFrom(null, 1, 5_000),
  after: fc.constantFrom<(readonly string[])[]>([], ["t__write"], ["t__read", "t__write"]),
  budget: fc.constantFrom(64, 2_000),
});
const sourceArbitrary: fc.Arbitrary<ContextSource> = fc.oneof(
  fc.string({ minLength: 1, maxLength: 400 }).map((shown) => text("a", shown)),
  fc.constant(profile()),
  reading.map((more) => tool("b", more)),
  reading.map((more) => resource("c", more)),
  reading.map((more) => prompt("d", more)),
);
const callArbitrary: fc.Arbitrary<Call> = fc.oneof(
  { weight: 4, arbitrary: fc.nat(5).map((n) => ["t__read", { n }] as const) },
  { weight: 2, arbitrary: fc.nat(5).map((n) => ["t__write", { n }] as const) },
  { weight: 1, arbitrary: fc.nat(5).map((n) => ["t__none", { n }] as const) },
  {
    weight: 1,
    arbitrary: fc.integer({ min: 1, max: 8 }).map((seconds) => ["run__wait", { seconds }] as const),
  },
);
const historyArbitrary: fc.Arbitrary<History> = fc.record({
  sources: fc.uniqueArray(sourceArbitrary, { selector: ({ name }) => name, maxLength: 5 }),
  turns: fc.array(fc.array(callArbitrary, { minLength: 1, maxLength: 4 }), { maxLength: 5 }),
  takes: fc.array(fc.constantFrom<(0 | 1)[]>(0, 1), { minLength: 1, maxLength: 8 }),
  delays: fc.array(fc.nat(4), { minLength: 1, maxLength: 8 }),
  changesMs: fc.constantFrom(1, 4_000, 60_000),
  cutAt: fc.nat(1_000),
});

function answer(nowMs: number, { changesMs }: History, { method, params }: GateRequest) {
  const version = `version ${Math.floor(nowMs / changesMs)}, and ${"more and ".repeat(60)}more`;
  if (method === "resources/read") return contents(params["uri"] as string, version);
  if (method === "prompts/get")
    return said({ messages: [{ role: "user", content: { type: "text", text: version } }] });
  return words(`${JSON.stringify(params["arguments"])} ${version}`);
}

async function play(history: History) {
  let answers = 0;
  const scene = await openReplicas({
    bundle: withSources(...history.sources),
    gate: (nowMs) => async (request) => {
      const waits = history.delays[answers % history.delays.length]!;
      answers += 1;
      for (let turn = 0; turn < waits; turn += 1) await new Promise((next) => setImmediate(next));
      return answer(nowMs, history, request);
    },
    model: (request) => history.turns[turnOf(request)] ?? "done",
  });
  const principal = toPrincipal("acme");
  const { run } = await scene.replicas[0].desk.start(toAsking(principal, "Go."));
  await scene.settle(history.takes);
  const events = await scene.events(principal.tenant, run);
  return { scene, run, events, tenant: principal.tenant };
}

const foldAll = (events: readonly RunEvent[], from: RunView | null = null): RunView | null =>
  events.reduce<RunView | null>((view, event) => fold(view, event), from);

/** As another worker finds it: through bytes, and folded on from there. */
function foldFrom(events: readonly RunEvent[], cut: number): RunView {
  const parsed = parseStrictJson(toSnapshotBytes(foldAll(events.slice(0, cut))!));
  if (parsed.kind !== "parsed") throw new Error("a snapshot does not read back");
  const { view } = parsed.value as unknown as { readonly view: RunView };
  return foldAll(events.slice(cut), Object.freeze(view))!;
}

/** The ends of calls that were made at once, the other way round. */
function permute(events: readonly RunEvent[]): readonly RunEvent[] {
  const turned: RunEvent[] = [];
  const ends: RunEvent[] = [];
  for (const event of events) {
    const [first] = ends;
    const isSame =
      event.type === "call.ended" && (first === undefined || stepOf(first) === event.step);
    if (!isSame) turned.push(...ends.splice(0).toReversed());
    if (event.type === "call.ended") ends.push(event);
    else turned.push(event);
  }
  return [...turned, ...ends.toReversed()];
}

const stepOf = (event: RunEvent): number => (event.type === "call.ended" ? event.step : -1);

test("I6: what a model is shown comes from the log alone: whole, from a snapshot, at another replica, permuted", async () => {
  const runs = scaled({ test: 200, prove: 1_000 });
  let asks = 0;
  let permuted = 0;
  await fc.assert(
    fc.asyncProperty(historyArbitrary, async (history) => {
      const { scene, run, events, tenant } = await play(history);
      const places = events.flatMap(({ type }, index) => (type === "model.asked" ? [index] : []));
      expect(places.length).toBe(scene.requests.length);
      asks += places.length;
      const third = await scene.openReplica();
      let parent: string | null = null;
      for (const [index, place] of places.entries()) {
        const asked = events[place] as Extract<RunEvent, { type: "model.asked" }>;
        const { request } = scene.requests[index]!;
        expect(asked.snapshot?.parent ?? null).toBe(parent);
        parent = asked.context;
        const before = events.slice(0, place);
        const views = [
          foldAll(before)!,
          foldFrom(before, 1 + (history.cutAt % (place - 1 || 1))),
          foldAll(permute(before))!,
        ];
        permuted += permute(before).some((event, at) => event !== before[at]) ? 1 : 0;
        for (const [at, view] of views.entries()) {
          const again = await scene.assemble(at === 0 ? third : scene.replicas[1], run, view);
          expect(again.digest).toBe(asked.context);
          expect(again.snapshot).toEqual(asked.snapshot);
          expect(JSON.stringify(again.request)).toBe(JSON.stringify(request));
        }
        const shown = await third.desk.context(tenant, run, asked.step);
        if (shown.atMs !== asked.atMs) continue;
        expect(shown.snapshot).toBe(asked.context);
        const { conversation, sources, total } = shown.tokens;
        const parts = shown.parts.reduce((sum, { tokens }) => sum + tokens, 0);
        const ofSources = Object.values(sources).reduce((sum, tokens) => sum + tokens, 0);
        expect(parts).toBe(conversation + ofSources);
        expect(total).toBe(parts + asked.snapshot!.tokens.instructions + shown.tokens.tools);
      }
    }),
    { seed: seed(), numRuns: runs },
  );
  // It has looked at something.
  expect(asks).toBeGreaterThan(2 * runs);
  expect(permuted).toBeGreaterThan(runs / 5);
});
