import { expect, test, vi } from "vitest";
import { readOwnOutcome } from "../../src/mcp/own-outcome.ts";
import { fromEntryBytes, toDigest } from "../../src/model/index.ts";
import type { GateAnswer } from "../../src/ports/gate.ts";
import { makeRequest } from "../made-up-call.ts";
import { answerCall } from "./hostile-http.ts";
import { allowAll, openRunScene, permitAll, toRules, travel } from "./run-scene.ts";

vi.setConfig({ testTimeout: 30_000 });

const textOf = (answer: GateAnswer) => (answer.kind === "result" ? answer.text : null);
const outcomeOf = (answer: GateAnswer) => readOwnOutcome(answer)?.outcome ?? "done";
const faultOf = (answer: Promise<GateAnswer>) => answer.then(textOf, (fault: unknown) => fault);
const asking = `${permitAll}@id("begun") @ask("Looked at.") @approvers("role:finance")
forbid (principal, action == Action::"bank__pay", resource) unless { context.approval.granted };\n`;

test("I4, I5: intent and outcome of a run's call stand in one unit each with what the run notes", async () => {
  const moments: string[] = [];
  const scene = await openRunScene({
    ...allowAll,
    onCall(call, outgoing) {
      moments.push(...worker.committed.map(({ moment }) => moment.kind));
      answerCall(call, outgoing, "paid");
    },
  });
  const worker = scene.worker();
  const answer = await scene.call({ worker, step: 3, ordinal: 1, key: "three-one" });
  // It was durable before anything was sent.
  expect(moments).toEqual(["started"]);
  const [started, ended, ...more] = worker.committed;
  expect(more).toEqual([]);
  const [intent] = started!.unit.entries!;
  expect(started!.moment).toEqual({
    kind: "started",
    entry: intent!.id,
    intent: intent!.opens!.intent,
  });
  const text = textOf(answer);
  expect(text).toContain('"paid"');
  expect(ended!.moment).toEqual({ kind: "ended", entry: intent!.id, outcome: "answered", text });
  const entries = [started, ended].map((one) => fromEntryBytes(one!.unit.entries![0]!.bytes));
  expect(entries).toMatchObject([
    { kind: "intent", run: worker.run, tool: "pay" },
    { kind: "outcome", run: worker.run, of: intent!.id, outcome: "answered" },
  ]);
  const row = await scene.store.calls.get(intent!.tenant, intent!.id);
  expect(row).toMatchObject({ state: "done", intent: intent!.opens!.intent });
});

test("I4: what a run says is its first is not looked for, and is carried out once whatever it says", async () => {
  let sent = 0;
  const scene = await openRunScene({
    ...allowAll,
    onCall(call, outgoing) {
      sent += 1;
      answerCall(call, outgoing, `paid ${sent}`);
    },
  });
  const looked = vi.spyOn(scene.store.calls, "byKey");
  const worker = scene.worker();
  const first = textOf(await scene.call({ worker, key: "k", isFirst: true }));
  expect(first).toContain("paid 1");
  expect(looked).not.toHaveBeenCalled();
  expect(textOf(await scene.call({ worker, key: "k", isFirst: true }))).toBe(first);
  const other = { worker, key: "k", isFirst: true, args: { to: "bob", amount: 10 } };
  expect(await faultOf(scene.call(other))).toMatchObject({ code: "key_reused" });
  expect([sent, worker.committed.length]).toEqual([1, 2]);
});

test("a read of a run is for the run itself to note, and has its entry", async () => {
  const scene = await openRunScene(allowAll);
  const worker = scene.worker();
  expect(outcomeOf(await scene.call({ worker, tool: "bank__look", args: {} }))).toBe("done");
  expect(worker.committed).toEqual([]);
  const page = await scene.store.entries.page("default" as never, { after: 0n, limit: 10 });
  expect(page.map(({ bytes }) => fromEntryBytes(bytes))).toMatchObject([
    { kind: "outcome", tool: "look", run: worker.run, of: null },
  ]);
});

test("what the run notes is what it is handed, whatever that is", async () => {
  const hush = `${permitAll}@id("hush") @obligation("redact /content")
forbid (principal, action == Action::"bank__refund", resource) unless { context.obligation.met };`;
  const scene = await openRunScene({
    rules: hush,
    onCall(call, outgoing) {
      const { amount } = (call["params"] as { arguments: { amount?: number } }).arguments;
      if (amount === 1) return void outgoing.destroy();
      outgoing.writeHead(200, { "content-type": "application/json" });
      const content = [{ type: "text", text: "no money" }];
      const said =
        amount === 2
          ? { error: { code: -32_000, message: "closed" } }
          : { result: { resultType: "complete", content, isError: true } };
      outgoing.end(JSON.stringify({ jsonrpc: "2.0", id: call["id"], ...said }));
    },
  });
  const noted = async (amount: number, tool = "bank__pay") => {
    const worker = scene.worker();
    const answer = await faultOf(scene.call({ worker, tool, args: { amount } }));
    const moment = worker.committed[1]?.moment;
    return [answer, moment?.kind === "ended" ? moment : null] as const;
  };
  const [lost, unknown] = await noted(1);
  expect(lost).toMatchObject({ code: "upstream_lost", message: unknown?.text });
  expect(unknown).toMatchObject({ outcome: "unknown" });
  const [, closed] = await noted(2);
  expect(closed).toMatchObject({ outcome: "tool_error", text: "closed" });
  const [said, failed] = await noted(3);
  expect(said).toContain("no money");
  expect(failed).toMatchObject({ outcome: "tool_error", text: said });
  const [words, withheld] = await noted(3, "bank__refund");
  expect(words).not.toContain("no money");
  expect(withheld).toMatchObject({ outcome: "tool_error", text: words, own: "withheld" });
});

test("I6: a worker that has lost the run sends nothing", async () => {
  const scene = await openRunScene(allowAll);
  const worker = scene.worker();
  worker.fenced.add("started");
  expect(await faultOf(scene.call({ worker }))).toMatchObject({ code: "run_taken" });
  expect(scene.sent()).toEqual([]);
  expect(scene.gate.counted).not.toContain("gate_late_outcomes");
});

test("I6: one that loses it under way leaves the end to the other, and says so", async () => {
  const scene = await openRunScene(allowAll);
  const worker = scene.worker();
  worker.fenced.add("ended");
  expect(await faultOf(scene.call({ worker }))).toMatchObject({ code: "run_taken" });
  expect(scene.sent()).toHaveLength(1);
  expect(worker.committed.map(({ moment }) => moment.kind)).toEqual(["started"]);
  const { tenant, id } = worker.committed[0]!.unit.entries![0]!;
  expect(await scene.store.calls.get(tenant, id)).toMatchObject({ state: "open" });
  expect(scene.gate.counted).toContain("gate_late_outcomes");
  expect(scene.gate.logged).toContainEqual(
    expect.objectContaining({
      level: "error",
      fields: expect.objectContaining({ run: worker.run }),
    }),
  );
});

/** A server that leaves the first call waiting until the test lets it go. */
async function openTakenScene(pay: object) {
  let letGo = (): void => undefined;
  const scene = await openRunScene({
    bank: { tools: { pay: { effect: "write", ...pay } } },
    ...allowAll,
    onCall(call, outgoing) {
      if (scene.server.calls.length > 1) return answerCall(call, outgoing, "second");
      letGo = () => answerCall(call, outgoing, "first");
    },
  });
  const first = scene.worker();
  const lost = faultOf(scene.call({ worker: first, key: "k" }));
  await vi.waitFor(() => expect(scene.sent()).toHaveLength(1));
  first.fenced.add("ended");
  return { scene, first, lost, letGo: () => letGo(), second: scene.worker(first.run) };
}

test("a run that is taken over sends what was under way again, where its tool takes the key", async () => {
  const { scene, first, second, lost, letGo } = await openTakenScene({
    idempotencyKey: "example.com/key",
  });
  const answer = await scene.call({ worker: second, key: "k" });
  expect(textOf(answer)).toContain("second");
  expect(second.committed.map(({ moment }) => moment.kind)).toEqual(["started", "ended"]);
  const keys = scene.server.calls.map(
    ({ params }) => (params as { _meta: Record<string, string> })._meta["example.com/key"],
  );
  expect(keys).toEqual([keys[0], keys[0]]);
  expect(keys[0]).toMatch(/^[0-9a-f]{64}$/);
  letGo();
  expect(await lost).toMatchObject({ code: "run_taken" });
  // The first one's end was said by the second: it failed to say it itself.
  const { tenant, id } = first.committed[0]!.unit.entries![0]!;
  expect(await scene.store.calls.get(tenant, id)).toMatchObject({ state: "failed" });
  expect(textOf(await scene.call({ worker: second, key: "k" }))).toContain("second");
  expect(scene.sent()).toHaveLength(2);
  // I5: whatever is written of its calls later names the run as their intents do, or no receipt holds.
  const rows = await scene.store.entries.page(tenant, { after: 0n, limit: 100 });
  const entries = rows.map(({ bytes }) => fromEntryBytes(bytes));
  expect(entries.map(({ kind }) => kind)).toContain("resolution");
  expect(new Set(entries.map((entry) => ("run" in entry ? entry.run : null)))).toEqual(
    new Set([second.run]),
  );
});

test("where its tool takes none it is told when to look again, and then that nobody knows", async () => {
  const { scene, first, second, lost, letGo } = await openTakenScene({});
  const { tenant, id } = first.committed[0]!.unit.entries![0]!;
  const row = await scene.store.calls.get(tenant, id);
  expect(await faultOf(scene.call({ worker: second, key: "k" }))).toMatchObject({
    code: "key_in_use",
    details: { retryAtMs: row!.notAfterMs },
  });
  scene.gate.shift(row!.notAfterMs - Date.now());
  const answer = await scene.call({ worker: second, key: "k" });
  expect(readOwnOutcome(answer)).toEqual({ outcome: "unknown", call: id });
  letGo();
  await lost;
  expect(scene.sent()).toHaveLength(1);
  expect(second.committed).toEqual([]);
});

test("a caller is not told when to look again, and a key of a run is not its own", async () => {
  const { scene, second, lost, letGo } = await openTakenScene({});
  const params = {
    name: "bank__pay",
    arguments: { to: "ann", amount: 10 },
    _meta: { "dev.countersign/key": "k" },
  };
  const argumentsText = JSON.stringify(params.arguments);
  const request = makeRequest({ principal: travel, params, argumentsText });
  // The same agent of the same person, by the same key: another call.
  expect(textOf(await scene.gate.gate.gate.exchange(request))).toContain("second");
  expect(await faultOf(scene.call({ worker: second, key: "k" }))).toMatchObject({
    code: "key_in_use",
  });
  expect(textOf(await scene.call({ worker: scene.worker(), key: "k" }))).toContain("second");
  letGo();
  await lost;
  expect(scene.sent()).toHaveLength(3);
});

test("I7: a tool with another pin than the run began with is blocked before anybody is asked", async () => {
  const scene = await openRunScene();
  const worker = scene.worker();
  const { pin } = scene.toolOf("bank__pay");
  const pinned = toDigest("as it was");
  const fault = await faultOf(scene.call({ worker, pin: pinned }));
  expect(fault).toMatchObject({
    code: "tool_blocked",
    details: { tool: "bank__pay", pinned, accepted: pin },
  });
  for (const named of ["bank__pay", pinned, pin]) expect((fault as Error).message).toContain(named);
  expect(await scene.waiting()).toEqual([]);
  expect(outcomeOf(await scene.call({ worker, pin }))).toBe("asks");
  // Accepted anew, the definition is another one: this run's yes is for the old one.
  const [one] = await scene.waiting();
  await scene.decide(one!);
  await scene.become({ ...payingAnew, description: "Pays somebody at once." });
  expect(await faultOf(scene.call({ worker, pin }))).toMatchObject({ code: "tool_blocked" });
  expect(scene.sent()).toEqual([]);
});

test("I7: one that stands in line is not sent once its tool is accepted as another", async () => {
  let letGo = (): void => undefined;
  const scene = await openRunScene({
    ...allowAll,
    bank: { concurrency: 1, queue: 8 },
    onCall: (call, outgoing) => void (letGo = () => answerCall(call, outgoing, "done")),
  });
  const { pin } = scene.toolOf("bank__pay");
  const ahead = scene.call({ worker: scene.worker(), tool: "bank__refund", args: {} });
  await vi.waitFor(() => expect(scene.sent()).toHaveLength(1));
  const worker = scene.worker();
  const behind = faultOf(scene.call({ worker, pin }));
  const free = faultOf(scene.call({ worker: scene.worker(), args: { to: "bob" } }));
  await scene.become(payingAnew);
  letGo();
  await ahead;
  expect(await behind).toMatchObject({ code: "tool_blocked", details: { pinned: pin } });
  expect(worker.committed).toEqual([]);
  await vi.waitFor(() => expect(scene.sent()).toHaveLength(2));
  letGo();
  // Without a pin of its own it is as for any caller.
  expect(await free).toContain("done");
});

const payingAnew = { name: "pay", inputSchema: { type: "object" } };

test.each([
  [
    `${permitAll}@id("never") forbid (principal, action == Action::"bank__pay", resource);`,
    "denied",
  ],
  ["", "denied"],
  [asking, "asks"],
  [permitAll, "done"],
])("I7: what the bundle's rules do not allow is not done: %j", async (rules, outcome) => {
  const scene = await openRunScene(allowAll);
  const answer = await scene.call({ worker: scene.worker(), rules: toRules(rules) });
  expect(outcomeOf(answer)).toBe(outcome);
  expect(scene.sent()).toHaveLength(outcome === "done" ? 1 : 0);
});

test("I7: what the rules in force do not allow is not done, whatever the bundle's say", async () => {
  const never = `${permitAll}@id("never") forbid (principal, action == Action::"bank__pay", resource);`;
  const scene = await openRunScene({ rules: never });
  const answer = await scene.call({ worker: scene.worker(), rules: toRules(permitAll) });
  expect(outcomeOf(answer)).toBe("denied");
  expect(scene.sent()).toEqual([]);
});

test("a run's tools are called by their names: none that stands for another", async () => {
  const scene = await openRunScene({
    config: {
      ...allowAll.config,
      toolsets: { all: { servers: ["bank"], search: "always", batch: true } },
    },
  });
  for (const tool of ["call_tools", "call_tool", "find_tool"]) {
    const args = { name: "bank__pay", arguments: "{}" };
    const more = { toolset: "all" };
    await expect(scene.call({ worker: scene.worker(), tool, args, more })).rejects.toThrow(
      `Unknown tool: ${tool}`,
    );
  }
  expect(scene.sent()).toEqual([]);
});
