import { expect, test, vi } from "vitest";
import { toDigest, type Principal, type RunId, type TenantId } from "../../src/model/index.ts";
import { findParent } from "../../src/run/parent-of-call.ts";
import { endOf, sendOnce, type Json } from "../approvals/attack-scene.ts";
import { makeRequest, makeRun } from "../made-up-call.ts";
import { agent, ask, openAgentsScene, own, pay, toTask, type Script } from "./agents-scene.ts";
import { callerKey, foreignKey, otherKey } from "./gate-under-test.ts";
import { toRunId } from "./run-scene.ts";

vi.setConfig({ testTimeout: 30_000 });

type Scene = Awaited<ReturnType<typeof openAgentsScene>>;

const open = { config: { policy: { rule: "allow-all" } } };
const house = (boss: Json = {}) => ({
  clerk: agent(),
  boss: agent({ agents: ["clerk"], ...boss }),
});

async function callBoss({ gate }: Scene, script: Script, more: Json = {}): Promise<Json> {
  const args = { task: toTask(script) };
  const answer = await sendOnce(gate.url, { tool: "agents__boss", args, meta: more });
  return answer["result"] as Json;
}
const saidOf = (result: Json) => result["structuredContent"] as Json;

async function treeOf(scene: Scene, root: RunId) {
  const children = await scene.desk.list(own, { parent: root, limit: 10 });
  return Promise.all(children.map(async ({ run }) => ({ run, ...(await scene.createdOf(run)) })));
}

test("two children in parallel, of one budget and one deadline, each with its own place", async () => {
  const agents = house({ budget: { calls: 4 }, deadline: "1h", toolset: "money" });
  const toolsets = { money: { servers: ["bank"] } };
  const scene = await openAgentsScene({ ...open, agents, config: { ...open.config, toolsets } });
  const child = (to: string) => ask("clerk", { turns: [[pay(to)]], says: `paid ${to}` });
  const result = await callBoss(scene, { turns: [[child("ann"), child("bob")]] });
  expect(saidOf(result)).toMatchObject({
    state: "completed",
    output: "heard: paid ann | paid bob",
  });
  expect(scene.sent()).toHaveLength(2);
  const root = saidOf(result)["run"] as RunId;
  const { deadlineMs } = await scene.createdOf(root);
  const tree = await treeOf(scene, root);
  expect(tree.map(({ parent }) => parent)).toEqual(
    expect.arrayContaining([
      { run: root, step: 0, ordinal: 0 },
      { run: root, step: 0, ordinal: 1 },
    ]),
  );
  for (const each of tree) {
    expect(each).toMatchObject({ agent: "clerk", root, deadlineMs });
    expect(each.principal).toMatchObject({ subject: "caller", actor: { agent: "clerk" } });
  }
  const shared = (await scene.store.runBudgets.read(root))!;
  expect(shared.spent.calls).toBe(4);
  expect(shared.held).toEqual({ micros: 0, tokens: 0, calls: 0 });
  expect(scene.faults).toEqual([]);
});

test("children that would use up more than the one budget are stopped with the run", async () => {
  const scene = await openAgentsScene({ ...open, agents: house({ budget: { calls: 3 } }) });
  const child = (to: string) => ask("clerk", { turns: [[pay(to)]] });
  const result = await callBoss(scene, { turns: [[child("ann"), child("bob")]] });
  expect(result["isError"]).toBe(true);
  expect(saidOf(result)).toMatchObject({ state: "stopped" });
  // The one that may still pay can be on its way when the other has stopped them both.
  await vi.waitFor(async () => {
    const shared = await scene.store.runBudgets.read(saidOf(result)["run"] as RunId);
    expect([scene.sent().length, shared!.spent.calls]).toEqual([1, 3]);
  });
});

const asking = `@id("all") permit (principal, action, resource);
@id("pays") @ask("Money moves.") @approvers("role:approver")
forbid (principal, action == Action::"bank__pay", resource) unless { context.approval.granted };\n`;

test("what a sub-agent asks is an approval of its own, and whoever waits for its parent is told", async () => {
  const scene = await openAgentsScene({ rules: asking, agents: house() });
  const script = { turns: [[ask("clerk", { turns: [[pay("ann")]], says: "paid" })]] };
  const key = { "dev.countersign/key": "k" };
  const result = await callBoss(scene, script, key);
  const [waiting, ...more] = await scene.waiting();
  expect(more).toEqual([]);
  expect(saidOf(result)).toMatchObject({ state: "waiting", waits: [{ approval: waiting!.id }] });
  expect((await scene.tell(`approvals/${waiting!.id}`)).body).toMatchObject({
    requester: { subject: "caller", agent: "clerk" },
  });
  await scene.decide(waiting!);
  await vi.waitFor(async () => {
    const later = await callBoss(scene, script, key);
    expect(saidOf(later)).toMatchObject({ state: "completed", output: "heard: paid" });
  });
  expect(scene.sent()).toHaveLength(1);
});

const staying = `@id("all") permit (principal, action, resource);
@id("stays") forbid (principal, action == Action::"bank__pay", resource)
when { context.labels.contains("confidential") };\n`;
const peek = { tool: "bank__peek", args: {} };

test("what one run of a tree has read binds all of them, and whoever is told of it", async () => {
  const scene = await openAgentsScene({ rules: staying, agents: house() });
  const paid = () => scene.sent().filter((args) => (args as Json)["to"] !== undefined);
  const readBelow = await callBoss(scene, {
    turns: [[ask("clerk", { turns: [[peek]] })], [pay("ann")]],
  });
  expect(saidOf(readBelow)["output"]).toContain("stays");
  const readAbove = await callBoss(scene, {
    turns: [[peek], [ask("clerk", { turns: [[pay("bob")]] })]],
  });
  expect(saidOf(readAbove)["output"]).toContain("stays");
  expect(paid()).toEqual([]);
  // The caller was told what they have read.
  const paying = { tool: "bank__pay", args: { to: "eve", amount: 1 } };
  expect(endOf(await sendOnce(scene.gate.url, paying))).toBe("denied");
  expect(endOf(await sendOnce(scene.gate.url, { ...paying, key: otherKey }))).toBe("done");
  expect(paid()).toHaveLength(1);
});

/** A call as a worker makes it, for whatever run it says. */
function asRun(scene: Scene, run: RunId, principal: Principal): Promise<unknown> {
  const args = { task: toTask({}) };
  return scene.gate.gate.gate.exchange(
    makeRequest({
      principal,
      context: run,
      params: {
        name: "agents__clerk",
        arguments: args,
        _meta: { "dev.countersign/key": `run:${run}/0/0` },
      },
      argumentsText: JSON.stringify(args),
      run: makeRun({ run, commit: (unit) => scene.store.commit(unit) }),
    }),
  );
}

test("a key that names a run makes nobody its child: neither its own caller's nor a stranger's", async () => {
  const scene = await openAgentsScene({ ...open, agents: house() });
  const { run } = await scene.start({ agent: "boss" });
  for (const [key, tenant] of [
    [callerKey, own],
    [otherKey, own],
    [foreignKey, "foreign" as TenantId],
  ] as const) {
    const answer = await sendOnce(scene.gate.url, {
      tool: "agents__clerk",
      args: { task: toTask({}) },
      key,
      meta: { "dev.countersign/key": `run:${run}/0/0` },
    });
    expect(endOf(answer)).toBe("done");
    const made = saidOf(answer["result"] as Json)["run"] as RunId;
    const [first] = await scene.desk.events(tenant, made, { after: 0, limit: 1 });
    expect(first?.event).toMatchObject({ type: "run.created", parent: null, root: made });
  }
  expect(await scene.desk.list(own, { parent: run, limit: 10 })).toEqual([]);
});

test("a run is a parent to whom it is: its subject, its agent, its bundle, its tenant", async () => {
  const scene = await openAgentsScene({ ...open, agents: house(), isIdle: true });
  const { run } = await scene.start({ agent: "boss" });
  const { principal } = await scene.createdOf(run);
  const find = (given: Principal, place = run) =>
    findParent(scene.desk, {
      principal: given,
      roles: [],
      untilMs: () => 0,
      run: { run: place, step: 1, ordinal: 2 },
    });
  expect(await find(principal)).toMatchObject({
    parent: { run, root: run, step: 1, ordinal: 2 },
  });
  const actor = principal.actor!;
  const strangers: readonly Principal[] = [
    { ...principal, subject: "other" },
    { ...principal, kind: "user" },
    { ...principal, tenant: "foreign" as TenantId },
    { ...principal, actor: null },
    { ...principal, actor: { ...actor, agent: "clerk" } },
    { ...principal, actor: { ...actor, bundle: toDigest("another") } },
  ];
  for (const stranger of strangers) expect(await find(stranger)).toBeNull();
  expect(await find(principal, toRunId())).toBeNull();
});

test("a run's call is answered at once, and once for its place", async () => {
  const scene = await openAgentsScene({ ...open, agents: house(), isIdle: true });
  const { run } = await scene.start({ agent: "boss" });
  const { principal } = await scene.createdOf(run);
  const first = (await asRun(scene, run, principal)) as { readonly text: string };
  const [child] = await scene.desk.list(own, { parent: run, limit: 10 });
  expect(JSON.parse(first.text)).toMatchObject({
    structuredContent: { run: child!.run, state: "queued" },
  });
  expect(await asRun(scene, run, principal)).toMatchObject({ kind: "result" });
  expect(await scene.runs()).toHaveLength(2);
});

test("sub-agents go five deep, and a tree has a hundred runs; what was begun before is found", async () => {
  const scene = await openAgentsScene({ ...open, agents: house(), isIdle: true });
  const below = async (run: RunId, root: RunId, ordinal = 0): Promise<RunId> => {
    const { principal } = await scene.createdOf(run);
    const parent = { run, root, step: 0, ordinal };
    return (await scene.start({ agent: "boss", principal, parent })).run;
  };
  const findFor = async (run: RunId, ordinal = 0) => {
    const { principal } = await scene.createdOf(run);
    const place = { run, step: 0, ordinal };
    return findParent(scene.desk, { principal, roles: [], untilMs: () => 0, run: place });
  };
  const { run: root } = await scene.start({ agent: "boss" });
  let at = root;
  for (let depth = 1; depth <= 5; depth += 1) {
    expect(await findFor(at)).toMatchObject({ kind: "found" });
    at = await below(at, root);
  }
  expect(await findFor(at)).toMatchObject({
    kind: "refused",
    why: expect.stringContaining("5 deep"),
  });
  for (let ordinal = 1; ordinal < 95; ordinal += 1) {
    expect(await findFor(root, ordinal)).toMatchObject({ kind: "found" });
    await below(root, root, ordinal);
  }
  expect(await findFor(root, 95)).toMatchObject({
    kind: "refused",
    why: expect.stringContaining("100 runs"),
  });
  expect(await findFor(root, 94)).toMatchObject({ kind: "found" });
  // And a refusal is an answer of the tool, which a model reads.
  const { principal } = await scene.createdOf(at);
  expect(await asRun(scene, at, principal)).toMatchObject({ isError: true });
});
