import fc from "fast-check";
import { expect, test } from "vitest";
import { isEndedSpan, type Span } from "../../src/model/span.ts";
import type { RunEvent } from "../../src/model/run-event.ts";
import type { RunId } from "../../src/model/index.ts";
import { projectRun } from "../../src/sight/project-run.ts";
import { scaled, seed } from "../scale.ts";
import { actsArbitrary, limitsArbitrary, planArbitrary } from "../simulation/plan.ts";
import { live } from "../simulation/world.ts";

const runs = { seed: seed(), numRuns: scaled({ test: 6, prove: 100 }) };
const acts = actsArbitrary("pause", "resume", "cancel", "signal");

function project(run: RunId, events: readonly RunEvent[]): readonly Span[] {
  const numbered = events.map((event, at) => ({ seq: at + 1, event }));
  return projectRun({ run, events: numbered, model: "m" });
}

const toText = (span: Span): string => JSON.stringify(span);

/** Looked at after every event, as whoever exports may have died and come back there. */
function checkLog(run: RunId, events: readonly RunEvent[]): readonly Span[] {
  const whole = project(run, events);
  expect(whole.map(toText)).toEqual(project(run, events).map(toText));
  const told = new Map<string, string>();
  for (let until = 1; until <= events.length; until += 1) {
    for (const span of project(run, events.slice(0, until)).filter(isEndedSpan)) {
      const before = told.get(span.spanId);
      if (before !== undefined) expect(toText(span)).toBe(before);
      else expect(span.endSeq).toBe(until);
      told.set(span.spanId, toText(span));
    }
  }
  const ended = whole.filter(isEndedSpan);
  expect(new Map(ended.map((span) => [span.spanId, toText(span)]))).toEqual(told);
  return whole;
}

test("I6: whatever a run did and whenever its worker died, its spans come once each and never change", async () => {
  let deaths = 0;
  let spans = 0;
  await fc.assert(
    fc.asyncProperty(planArbitrary, fc.nat(), limitsArbitrary, acts, async (...drawn) => {
      const [plan, worldSeed, limits, meddling] = drawn;
      const world = { plan, seed: worldSeed, isKeyed: true, limits, acts: meddling };
      const calm = await live({ ...world, acts: [], fate: null });
      for (let commit = 1; commit <= Math.min(calm.commits, 10); commit += 1) {
        for (const lands of [false, true]) {
          const killed = await live({ ...world, fate: { commit, lands, thawsAfter: null } });
          deaths += 1;
          spans += checkTree(await killed.logs());
        }
      }
    }),
    runs,
  );
  console.log(`${deaths} deaths, ${spans} spans`);
  expect(deaths).toBeGreaterThanOrEqual(20);
}, 120_000);

/** One trace: each span has one id, and all but the first hang on another one. */
function checkTree(logs: readonly (readonly RunEvent[])[]): number {
  const runsOf = logs.map((events) => toRun(events, logs));
  // One that its parent did not note, since it was cancelled meanwhile, stands for itself.
  for (const [at, events] of logs.entries()) if (runsOf[at] === null) checkLog(someRun, events);
  const trees = logs.flatMap((events, at) => {
    const run = runsOf[at] ?? null;
    return run === null ? [] : [checkLog(run, events)];
  });
  const all = trees.flat();
  const ids = new Set(all.map(({ spanId }) => spanId));
  expect(ids.size).toBe(all.length);
  expect(new Set(all.map(({ traceId }) => traceId)).size).toBe(1);
  const [root, ...others] = all;
  expect(root!.parentSpanId).toBeNull();
  for (const span of others) expect(ids, toText(span)).toContain(span.parentSpanId);
  return all.length;
}

const someRun = "01900000-0000-7000-8000-000000000009" as RunId;

/** Of the root it stands in its own log; of a sub-agent in that of whoever called it. */
function toRun(events: readonly RunEvent[], logs: readonly (readonly RunEvent[])[]): RunId | null {
  const [created] = events as readonly [Extract<RunEvent, { type: "run.created" }>];
  const { parent, root } = created;
  if (parent === null) return root;
  const started = logs.flat().find(
    (event) =>
      event.type === "child.started" &&
      event.step === parent.step &&
      event.ordinal === parent.ordinal &&
      logs.some(([first, ...rest]) => {
        const isTop = (first as typeof created).parent === null;
        return (isTop ? root : null) === parent.run && rest.includes(event);
      }),
  );
  return started?.type === "child.started" ? started.run : null;
}
