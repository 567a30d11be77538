import { expect, test } from "vitest";
import { createEngine, result, script, turnOf, turns } from "../../test/simulation/engine.ts";
import { Fault, type RunId } from "../model/index.ts";
import type { GateRequest } from "../ports/gate.ts";

const resume = { kind: "resume", by: "ada", caps: null, maxSteps: null, deadlineMs: null } as const;
const caps = { micros: null, tokens: null, calls: null };
const read = (n: number) => ["t__read", { n }] as const;
const write = (n: number) => ["t__write", { n }] as const;
const broken = () => Promise.reject(new Fault("upstream_garbled", "It says nothing sensible."));
const never = () => new Promise<never>(() => undefined);

async function stateOf(engine: Awaited<ReturnType<typeof createEngine>>, run: RunId) {
  const { state, reason } = await engine.read(run);
  return `${state}${reason === null ? "" : ` ${reason.code}`}`;
}

test("the same turn three times with the same results stops as a loop, and so do turns in turns", async () => {
  for (const period of [1, 2, 3]) {
    const engine = await createEngine({ model: (request) => [read(turnOf(request) % period)] });
    const run = await engine.start();
    await engine.settle();
    expect(await stateOf(engine, run)).toBe("stopped loop");
    expect((await engine.read(run)).steps).toBe(3 * period);
  }
});

test("who waits and looks again is in no loop: the steps bound it, and raising them goes on", async () => {
  const model = () => [read(1), ["run__wait", { seconds: 5 }] as const];
  const engine = await createEngine({ model, limits: { maxSteps: 6 } });
  const run = await engine.start();
  for (let waits = 0; waits < 8; waits += 1) await engine.pass(5_000);
  expect(await stateOf(engine, run)).toBe("stopped steps");
  await engine.tell(run, { ...resume, maxSteps: 7 });
  await engine.settle();
  expect(await stateOf(engine, run)).toBe("waiting");
});

test.each(["model", "tool"])("a %s that ignores the deadline is left behind", async (what) => {
  const engine = await createEngine({
    model: what === "model" ? never : script([read(1)]),
    gate: () => never,
    limits: { deadlineMs: 60_000 },
  });
  const run = await engine.start();
  const working = engine.wake(run);
  await turns();
  engine.clock.advance(64_999);
  await turns();
  expect(await stateOf(engine, run)).toBe("running");
  engine.clock.advance(1);
  await working;
  expect(await stateOf(engine, run)).toBe("stopped deadline");
});

test("a gate that does not answer after the cancel is left behind after 5 s, and the run ends cancelled", async () => {
  let cancelled = false;
  const exchange = (request: GateRequest) => {
    request.cancel.signal.addEventListener("abort", () => (cancelled = true));
    return never();
  };
  const engine = await createEngine({ model: script([read(1), read(2)]), gate: () => exchange });
  const run = await engine.start();
  const working = engine.wake(run);
  await turns();
  await engine.tell(run, { kind: "cancel", by: "ada" });
  await turns();
  expect(cancelled).toBe(true);
  engine.clock.advance(4_999);
  await turns();
  expect(await stateOf(engine, run)).toBe("running");
  engine.clock.advance(1);
  await working;
  expect(await stateOf(engine, run)).toBe("cancelled");
});

test("a run that stopped or paused while it waited is not woken again and again", async () => {
  const model = script([["run__wait", { seconds: 60 }]]);
  const engine = await createEngine({ model, limits: { deadlineMs: 30_000 } });
  const run = await engine.start();
  await engine.pass(30_000);
  expect(await stateOf(engine, run)).toBe("stopped deadline");
  const other = await engine.start();
  await engine.settle();
  await engine.tell(other, { kind: "pause", by: "ada" });
  await engine.settle();
  for (const each of [run, other]) {
    await engine.wake(each);
    expect((await engine.store.runs.get(each))!.wakeAtMs).toBeNull();
  }
});

test("three errors in a row take a tool out for 30 s; nothing of it is asked meanwhile", async () => {
  let asked = 0;
  const gate = () => () => {
    asked += 1;
    return broken();
  };
  const model = script(
    ...[1, 2, 3, 4].map((n) => [read(n)]),
    [["run__wait", { seconds: 30 }]],
    [read(5)],
  );
  const engine = await createEngine({ model, gate });
  const run = await engine.start();
  await engine.settle();
  expect(asked).toBe(3);
  const ends = (await engine.events(run)).flatMap((event) =>
    event.type === "call.ended" ? [event.outcome] : [],
  );
  expect(ends).toEqual(["fault", "fault", "fault", "unavailable"]);
  await engine.pass(30_000);
  expect(asked).toBe(4);
  expect(await stateOf(engine, run)).toBe("completed");
});

test("I8: calls that are made at once pass the cap by none; raising it goes on", async () => {
  const model = script([read(1), read(2), read(3)]);
  const engine = await createEngine({ model, limits: { calls: 2 } });
  const run = await engine.start();
  await engine.settle();
  expect(await stateOf(engine, run)).toBe("stopped budget");
  expect((await engine.read(run)).budget.spent.calls).toBe(2);
  await engine.tell(run, { ...resume, caps: { ...caps, calls: 3 } });
  await engine.settle();
  expect(await stateOf(engine, run)).toBe("completed");
});

test("I8: whoever raises one cap leaves the others as they are", async () => {
  const model = script([read(1), read(2), read(3)]);
  const engine = await createEngine({ model, limits: { calls: 2, micros: 70 } });
  const run = await engine.start();
  await engine.settle();
  expect(await stateOf(engine, run)).toBe("stopped budget");
  await engine.tell(run, { ...resume, caps: { ...caps, calls: 3 } });
  await engine.settle();
  expect((await engine.read(run)).budget.caps).toEqual({ micros: 70, tokens: null, calls: 3 });
  expect(await stateOf(engine, run)).toBe("completed");
});

test("I8: three children under one cap pass it by one call at most, and go on once it is raised", async () => {
  const child = (n: number) => ["agents__child", { task: `child ${n}` }] as const;
  const model = script([child(1), child(2), child(3)]);
  const engine = await createEngine({
    model: (request, ask) => {
      const [first] = request.messages;
      const isChild = first?.role === "user" && first.text.startsWith("child");
      const turn = turnOf(request);
      if (!isChild) return model(request, ask);
      return turn < 3 ? [write(turn), write(10 + turn)] : "done";
    },
    limits: { calls: 9 },
  });
  const run = await engine.start();
  await engine.settle();
  expect(await stateOf(engine, run)).toBe("stopped budget");
  const shared = (await engine.store.runBudgets.read(run))!;
  expect(shared.spent.calls + shared.held.calls).toBeLessThanOrEqual(10);
  expect(engine.disk.effects.size).toBeLessThanOrEqual(10);
  await engine.tell(run, { ...resume, caps: { ...caps, calls: 100 } });
  await engine.settle();
  expect(await stateOf(engine, run)).toBe("completed");
  expect(engine.disk.effects.size).toBe(18);
  expect((await engine.store.runBudgets.read(run))!.held).toEqual({
    micros: 0,
    tokens: 0,
    calls: 0,
  });
});

test("I8: under a cap in money nothing without a price is bought, by no sub-agent either", async () => {
  const engine = await createEngine({ model: script(), largestCost: null, limits: { micros: 5 } });
  const run = await engine.start();
  await engine.settle();
  expect(await stateOf(engine, run)).toBe("stopped budget");
  expect((await engine.events(run)).some(({ type }) => type === "model.asked")).toBe(false);
  const free = await createEngine({ model: script(), largestCost: null });
  const other = await free.start();
  await free.settle();
  expect(await stateOf(free, other)).toBe("completed");
});

test("partial: what is open is listed, and just that is made again", async () => {
  let isAway = true;
  const made: string[] = [];
  const engine = await createEngine({
    model: script([write(1), write(2)]),
    gate: (gate) => (request) => {
      const { n } = request.params["arguments"] as { readonly n: number };
      made.push(String(n));
      return n === 2 && isAway ? Promise.resolve(result("down", true)) : gate.exchange(request);
    },
  });
  const run = await engine.start();
  await engine.settle();
  const listed = (await engine.events(run)).at(-1)!;
  expect(listed).toMatchObject({
    type: "run.partly_completed",
    done: [
      {
        step: 0,
        ordinal: 0,
      },
    ],
    open: [
      {
        step: 0,
        ordinal: 1,
      },
    ],
    unknown: [],
  });
  isAway = false;
  await engine.tell(run, resume);
  await engine.settle();
  expect(await stateOf(engine, run)).toBe("completed");
  expect(made).toEqual(["1", "2", "2"]);
  // What a tool said no to is kept under its key: another try has another.
  expect([...engine.disk.effects.keys()].map((key) => key.replace(/^run:[^/]*/, ""))).toEqual([
    "/0/0",
    "/0/1/1",
  ]);
});

test("what was done is taken back in reverse order, and what is open is not made any more", async () => {
  const made: string[] = [];
  const engine = await createEngine({
    model: script([write(1), write(2), ["t__errs", { n: 3 }]]),
    gate: (gate) => (request) => {
      made.push(
        `${request.params["name"] as string} ${JSON.stringify(request.params["arguments"])}`,
      );
      return gate.exchange(request);
    },
    bundle: { compensations: { t__write: { tool: "t__ask", args: { of: "/args/n" } } } },
  });
  const run = await engine.start();
  await engine.settle();
  expect(await stateOf(engine, run)).toBe("partial");
  made.length = 0;
  await engine.tell(run, { kind: "compensate", by: "ada" });
  await engine.settle();
  for (const approval of engine.disk.approvals.values()) approval.state = "approved";
  await engine.pass(3_600_000);
  for (const approval of engine.disk.approvals.values()) approval.state = "approved";
  await engine.pass(3_600_000);
  expect([...new Set(made)]).toEqual(['t__ask {"of":2}', 't__ask {"of":1}']);
  expect(await stateOf(engine, run)).toBe("cancelled");
});

test("a model that refuses a sub-agent's request fails it, and its parent hears of it", async () => {
  const engine = await createEngine({
    model: (request) => {
      const [first] = request.messages;
      if (first?.role === "user" && first.text === "child") throw new Fault("model_refused", "No.");
      return turnOf(request) === 0 ? [["agents__child", { task: "child" }]] : "done";
    },
  });
  const run = await engine.start();
  await engine.settle();
  const [child] = (await engine.read(run)).children;
  expect(await stateOf(engine, child!)).toBe("failed model_refused");
  expect(await stateOf(engine, run)).toBe("completed");
});

test("a sub-agent that is cancelled by itself is an error to its parent; one without a parent ends", async () => {
  const model = script([["agents__child", { task: "x" }]]);
  const engine = await createEngine({
    model: (request, ask) => {
      const [first] = request.messages;
      const isChild = first?.role === "user" && first.text === "x";
      return isChild ? [["run__wait", { seconds: 60 }]] : model(request, ask);
    },
  });
  const run = await engine.start();
  await engine.settle();
  const [child] = (await engine.read(run)).children;
  await engine.tell(child!, { kind: "cancel", by: "ada" });
  await engine.settle();
  expect(await stateOf(engine, run)).toBe("completed");
  const orphan = await engine.start({
    input: "x",
    parent: { run, root: run, step: 0, ordinal: 5 },
  });
  await engine.settle();
  expect(await stateOf(engine, orphan)).toBe("cancelled");
});

test("a sub-agent that stopped at its own steps goes on when it is resumed itself, before or after its parent", async () => {
  const model = (isChild: boolean, turn: number) => {
    if (!isChild) return turn === 0 ? [["agents__child", { task: "x" }] as const] : "done";
    return turn < 4 ? [read(turn)] : "done";
  };
  for (const isFirst of [true, false]) {
    const engine = await createEngine({
      model: (request) => {
        const [first] = request.messages;
        return model(first?.role === "user" && first.text === "x", turnOf(request));
      },
      limits: { maxSteps: 3 },
    });
    const run = await engine.start();
    await engine.settle();
    const [child] = (await engine.read(run)).children;
    expect(await stateOf(engine, run)).toBe("stopped budget");
    if (!isFirst) await engine.tell(run, { ...resume, maxSteps: 50 });
    await engine.settle();
    expect(await stateOf(engine, child!)).toBe("stopped steps");
    await engine.tell(child!, { ...resume, maxSteps: 50 });
    await engine.settle();
    expect(await stateOf(engine, child!)).toBe("completed");
    expect(await stateOf(engine, run)).toBe("stopped budget");
    await engine.tell(run, resume);
    await engine.settle();
    expect(await stateOf(engine, run)).toBe("completed");
  }
});

test("a bug parks the run, whatever it was doing; resuming tries again", async () => {
  let isBroken = true;
  const engine = await createEngine({
    model: () => {
      if (isBroken) throw new TypeError("a bug over 4711");
      return "done";
    },
  });
  const run = await engine.start();
  await engine.settle();
  // What a bug says may be what somebody wrote: it stands in our log alone.
  const detail = "TypeError: the server's log says more";
  expect(await engine.read(run)).toMatchObject({ state: "parked", reason: { detail } });
  isBroken = false;
  await engine.tell(run, resume);
  await engine.settle();
  expect(await stateOf(engine, run)).toBe("completed");
});

test("names and texts that a model makes up stay in the bounds of an event", async () => {
  const long = `${"x".repeat(255)}😀`;
  const model = script(
    [
      [long, {}],
      ["", {}],
      ["__proto__", {}],
      ["\ud800", {}],
      ["t__read", "not json"],
    ],
    "half \ud83d",
  );
  const engine = await createEngine({
    model,
    gate: () => () => Promise.resolve(result("half \udc00")),
  });
  const run = await engine.start();
  await engine.settle();
  expect(await stateOf(engine, run)).toBe("completed");
});

test("a commit that landed though nobody could say so is found, and the wake comes again", async () => {
  const engine = await createEngine({ model: script([read(1)]) });
  let commits = 0;
  const store = {
    ...engine.store,
    commit: async (unit: Parameters<typeof engine.store.commit>[0]) => {
      const outcome = await engine.store.commit(unit);
      commits += 1;
      if (commits === 2) throw new TypeError("the answer was lost");
      return outcome;
    },
  };
  const lost = await createEngine({ model: script([read(1)]), engine: { store } });
  const run = await engine.start();
  await expect(lost.wake(run)).rejects.toMatchObject({ code: "store_unavailable" });
  await engine.wake(run);
  expect(await stateOf(engine, run)).toBe("completed");
});
