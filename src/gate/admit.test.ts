import fc from "fast-check";
import { expect, test } from "vitest";
import { ada, makeDecided, makeRequest, makeServer, makeTool } from "../../test/made-up-call.ts";
import { scaled, seed } from "../../test/scale.ts";
import { Fault, type TenantId } from "../model/index.ts";
import { createManualClock } from "../ports/manual-clock.ts";
import { createAdmit, type Admitted } from "./admit.ts";

const settle = () => new Promise(setImmediate);
const forever = new AbortController().signal;
const wide = { concurrency: 1_000, queue: 1_000 };

function open(caller: { concurrency: number; queue: number } = wide, rate: number | null = null) {
  const clock = createManualClock(1_700_000_000_000);
  return {
    clock,
    admit: createAdmit({
      clock,
      caller: { ...caller, rate },
      tenant: { concurrency: 1e9, queue: 1e9 },
    }),
  };
}

interface Wanted {
  readonly subject?: string;
  readonly tenant?: string;
  readonly server?: string;
  readonly tool?: string;
  readonly config?: object;
  readonly ofTool?: number;
}
function makeWanted({ subject = "ada", tenant = "acme", server = "up", ...more }: Wanted = {}) {
  const principal = { ...ada, subject, tenant: tenant as TenantId };
  const concurrency = more.ofTool === undefined ? {} : { concurrency: more.ofTool };
  return makeDecided({
    request: makeRequest({ principal }),
    server: makeServer(server, { config: { ...wide, ...more.config } }),
    tool: makeTool(more.tool ?? "act", {
      server,
      config: { effect: "write", idempotent: false, ...concurrency },
    }),
  });
}

/** The code that a call was refused with at once; throws where it was let in. */
function refusalOf(enter: () => unknown): string {
  try {
    enter();
  } catch (error) {
    if (error instanceof Fault) return error.code;
    throw error;
  }
  throw new Error("the call was let in");
}

/** What became of a call that may have to wait. */
const outcomeOf = (admitted: Promise<Admitted> | Admitted) =>
  Promise.resolve(admitted).then(
    () => "admitted",
    (error: unknown) => (error instanceof Fault ? error.code : String(error)),
  );

/** As many as the bounds below allow, of caller, server and tools. */
const fullHouse = [
  { subject: "ada", tool: "act" },
  { subject: "ada", tool: "look" },
  { subject: "ada", tool: "act" },
  { subject: "bob", tool: "look" },
];

test("of one caller, one server and one tool never more than each allows, and all places come back", async () => {
  const [ofCaller, ofServer, ofTool] = [3, 4, 2];
  const wantedArbitrary = fc.record({
    subject: fc.constantFrom("ada", "bob", "eve"),
    server: fc.constantFrom("up", "down"),
    tool: fc.constantFrom("act", "look"),
  });
  const stepArbitrary = fc.oneof(
    fc.record({ kind: fc.constant("enter" as const), wanted: wantedArbitrary }),
    fc.record({ kind: fc.constantFrom("leave" as const, "abort" as const), at: fc.nat(50) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(stepArbitrary, { maxLength: 60 }), async (steps) => {
      const { admit } = open({ concurrency: ofCaller, queue: 2 });
      const config = { concurrency: ofServer, queue: 2 };
      const inside: { keys: readonly string[]; leave: () => void }[] = [];
      const controllers: AbortController[] = [];
      const entering: Promise<void>[] = [];
      for (const step of steps) {
        if (step.kind === "enter") {
          const { subject, server, tool } = step.wanted;
          const controller = new AbortController();
          controllers.push(controller);
          const keys = [subject, server, `${server}/${tool}`];
          const wanted = makeWanted({ ...step.wanted, config, ofTool });
          entering.push(
            Promise.resolve(admit(wanted, controller.signal)).then(
              ({ leave }) => void inside.push({ keys, leave }),
              () => undefined,
            ),
          );
        } else if (step.kind === "leave" && inside.length > 0) {
          const [gone] = inside.splice(step.at % inside.length, 1);
          gone!.leave();
          // Its call may say so again: the place is given back once.
          gone!.leave();
        } else if (step.kind === "abort" && controllers.length > 0) {
          controllers[step.at % controllers.length]!.abort(new Error("gone"));
        }
        await settle();
        const keys = inside.flatMap((each) => each.keys);
        for (const [key, calls] of Map.groupBy(keys, (each) => each)) {
          const ofOne = key === "up" || key === "down" ? ofServer : ofCaller;
          expect(calls.length, key).toBeLessThanOrEqual(key.includes("/") ? ofTool : ofOne);
        }
      }
      while (inside.length > 0) {
        inside.pop()!.leave();
        await settle();
      }
      await Promise.all(entering);
      // Whatever happened, everything is free again: the full number gets in without waiting.
      for (const server of ["up", "down"]) {
        const all = fullHouse.map((each) =>
          admit(makeWanted({ ...each, server, config, ofTool }), forever),
        );
        for (const each of all) (each as Admitted).leave();
      }
    }),
    { seed: seed(), numRuns: scaled({ test: 100, prove: 3_000 }) },
  );
});

test("who is too much is told whose bound it was", async () => {
  const { admit } = open({ concurrency: 1, queue: 0 });
  const config = { concurrency: 1, queue: 0 };
  void admit(makeWanted({ config }), forever);
  const same = admit(makeWanted({ server: "down" }), forever);
  expect(await outcomeOf(same)).toBe("caller_busy");
  const other = admit(makeWanted({ subject: "bob", config }), forever);
  expect(await outcomeOf(other)).toBe("upstream_busy");
});

test("one caller that has filled its places is in nobody else's way", () => {
  const { admit } = open({ concurrency: 1, queue: 5 });
  for (let index = 0; index < 6; index += 1) void admit(makeWanted(), forever);
  for (const other of [{ subject: "bob" }, { tenant: "other" }])
    expect(admit(makeWanted(other), forever)).not.toBeInstanceOf(Promise);
});

test("whoever is cancelled in the last queue gives back the places before it", async () => {
  const { admit } = open({ concurrency: 2, queue: 0 });
  const first = admit(makeWanted({ ofTool: 1 }), forever) as Admitted;
  const controller = new AbortController();
  const waiting = outcomeOf(admit(makeWanted({ ofTool: 1 }), controller.signal));
  controller.abort(new Error("gone"));
  expect(await waiting).toBe("Error: gone");
  expect(admit(makeWanted({ tool: "look" }), forever)).not.toBeInstanceOf(Promise);
  first.leave();
});

test("the time in queues is what is recorded, and none of it where there was room", async () => {
  const { admit, clock } = open({ concurrency: 1, queue: 1 });
  const first = admit(makeWanted(), forever) as Admitted;
  expect(first.call.queuedUs).toBe(0);
  const waiting = admit(makeWanted(), forever);
  clock.advance(1_234.5678);
  first.leave();
  expect((await waiting).call.queuedUs).toBe(1_234_568);
});

test("a rate is a burst of a tenth, then as many as time gives, whatever the pattern", () => {
  const pauses = fc.array(fc.integer({ min: 0, max: 3_000 }), { minLength: 50, maxLength: 400 });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 6_000 }), pauses, (rate, waits) => {
      const { admit, clock } = open(wide, rate);
      let [admitted, passedMs] = [0, 0];
      for (const waitMs of waits) {
        clock.advance(waitMs);
        passedMs += waitMs;
        try {
          (admit(makeWanted(), forever) as Admitted).leave();
          admitted += 1;
        } catch (error) {
          expect(error).toMatchObject({ code: "caller_busy" });
        }
        expect(admitted).toBeLessThanOrEqual(
          Math.max(1, rate / 10) + (passedMs * rate) / 60_000 + 1e-6,
        );
      }
    }),
    { seed: seed(), numRuns: scaled({ test: 50, prove: 1_000 }) },
  );
});

test("no burst is larger, however long nobody came; who waits as long as was said is let in", () => {
  const rateArbitrary = fc.integer({ min: 1, max: 10_000 });
  fc.assert(
    fc.property(rateArbitrary, fc.array(fc.nat(60_000), { maxLength: 20 }), (rate, waits) => {
      const { admit, clock } = open(wide, rate);
      for (const waitMs of waits) {
        clock.advance(waitMs);
        let atOnce = 0;
        try {
          for (; ; atOnce += 1) (admit(makeWanted(), forever) as Admitted).leave();
        } catch (error) {
          expect(atOnce).toBeLessThanOrEqual(Math.max(1, rate / 10));
          const { retryAfterMs } = (error as Fault).details as { retryAfterMs: number };
          expect(retryAfterMs).toBeGreaterThanOrEqual(1);
          (admit(makeWanted({ subject: `s${clock.monotonicMs()}` }), forever) as Admitted).leave();
          // A millisecond for what the division of doubles leaves over.
          clock.advance(retryAfterMs + 1);
          (admit(makeWanted(), forever) as Admitted).leave();
        }
      }
    }),
    { seed: seed(), numRuns: scaled({ test: 50, prove: 1_000 }) },
  );
});

/** Of one of five servers, as one server has no more than ten thousand places. */
function makeCrowd(admit: ReturnType<typeof open>["admit"]): (index: number) => Admitted {
  const templates = [0, 1, 2, 3, 4].map((index) =>
    makeWanted({ server: `up-${index}`, config: { concurrency: 10_000, queue: 0 } }),
  );
  return (index) => {
    const { request, ...call } = templates[index % templates.length]!;
    const principal = { ...ada, subject: `s${index}` };
    return admit({ ...call, request: { ...request, principal } }, forever) as Admitted;
  };
}

test("callers that come and go are forgotten, so any number of them can", () => {
  const { admit, clock } = open(wide, 60);
  const enter = makeCrowd(admit);
  for (let index = 0; index < 50_000; index += 1) enter(index).leave();
  expect(refusalOf(() => enter(50_000))).toBe("overloaded");
  // At one call a second, after a second there is nothing to remember of a caller.
  clock.advance(1_000);
  for (let index = 50_000; index < 100_000; index += 1) enter(index).leave();
});

test("more callers at work than can be kept are refused, until one of them is done", () => {
  const enter = makeCrowd(open().admit);
  // The five servers and the tenant have a key each, too, and there is room left for one call's keys.
  const all = Array.from({ length: 49_991 }, (_, index) => enter(index));
  expect(refusalOf(() => enter(50_000))).toBe("overloaded");
  all[7]!.leave();
  enter(50_007).leave();
});
