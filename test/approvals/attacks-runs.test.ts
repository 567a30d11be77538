import { expect, test, vi } from "vitest";
import { readOwnOutcome, type ReadOutcome } from "../../src/mcp/own-outcome.ts";
import { toDigest } from "../../src/model/index.ts";
import { financeKey } from "../mcp/gate-under-test.ts";
import { openRunScene, permitAll, toRules, travel, type RunCall } from "../mcp/run-scene.ts";

vi.setConfig({ testTimeout: 30_000 });

const finance = `${permitAll}@id("money") @ask("Looked at.") @approvers("role:finance")
forbid (principal, action == Action::"bank__pay", resource) unless { context.approval.granted };\n`;

type Asked = Omit<ReadOutcome, "outcome"> & { readonly outcome: ReadOutcome["outcome"] | "done" };

async function open() {
  const scene = await openRunScene();
  const ask = async (given: RunCall): Promise<Asked> =>
    readOwnOutcome(await scene.call(given)) ?? { outcome: "done" };
  return { ...scene, ask };
}

test("a call of a run that asks again finds its approval, and is made once it is given", async () => {
  const scene = await open();
  const worker = scene.worker();
  const first = await scene.ask({ worker });
  expect(first).toMatchObject({ outcome: "asks", url: expect.stringContaining(first.approval!) });
  expect(first.expiresAtMs).toBeGreaterThan(Date.now());
  expect(await scene.ask({ worker })).toEqual(first);
  // Another worker of the same run, too.
  expect(await scene.ask({ worker: scene.worker(worker.run) })).toEqual(first);
  const waiting = await scene.waiting();
  expect(waiting.map(({ id }) => id)).toEqual([first.approval]);
  const row = await scene.store.approvals.get(travel.tenant, first.approval as never);
  expect(row).toMatchObject({ run: worker.run, agent: "travel", expiresAtMs: first.expiresAtMs });
  expect(worker.committed).toEqual([]);
  await scene.decide(waiting[0]!);
  expect(await scene.ask({ worker })).toEqual({ outcome: "done" });
  const [started] = worker.committed;
  expect(started!.unit.consume).toMatchObject({ approval: first.approval, intent: row!.intent });
  expect(started!.moment).toMatchObject({ kind: "started", intent: row!.intent });
  expect(scene.sent()).toHaveLength(1);
});

test("I3: a yes for one call of a run is for no other, however alike", async () => {
  const scene = await open();
  const worker = scene.worker();
  const first = await scene.ask({ worker, step: 2, ordinal: 1 });
  await scene.decide((await scene.waiting())[0]!);
  const bundle = toDigest("another bundle");
  const others: readonly RunCall[] = [
    { worker: scene.worker(), step: 2, ordinal: 1 },
    { worker, step: 3, ordinal: 1 },
    { worker, step: 2, ordinal: 0 },
    { worker, step: 2, ordinal: 1, rules: toRules(permitAll) },
    {
      worker,
      step: 2,
      ordinal: 1,
      more: { principal: { ...travel, actor: { agent: "travel", bundle } } },
    },
    { worker, step: 2, ordinal: 1, args: { to: "eve", amount: 10 } },
  ];
  const approvals = [first.approval];
  for (const other of others) {
    const { outcome, approval } = await scene.ask(other);
    expect(outcome).toBe("asks");
    approvals.push(approval);
  }
  expect(new Set(approvals).size).toBe(others.length + 1);
  expect(scene.sent()).toEqual([]);
  expect(await scene.ask({ worker, step: 2, ordinal: 1 })).toEqual({ outcome: "done" });
  expect(scene.sent()).toHaveLength(1);
});

test("I3, I7: those whom the bundle's rules name have to agree as well", async () => {
  const scene = await open();
  const worker = scene.worker();
  const given: RunCall = { worker, rules: toRules(finance) };
  await scene.ask(given);
  const [one] = await scene.waiting();
  // Of the starter rules alone it would be enough.
  expect((await scene.decide(one!)).status).toBe(200);
  expect(await scene.ask(given)).toMatchObject({ outcome: "asks", approval: one!.id });
  expect(scene.sent()).toEqual([]);
  const [left] = await scene.waiting();
  await scene.decide(left!, "approved", { key: financeKey });
  expect(await scene.ask(given)).toEqual({ outcome: "done" });
  expect(scene.sent()).toHaveLength(1);
});

test("I6: of two workers of a run under one yes, the one that lost the run uses nothing up", async () => {
  const scene = await open();
  const worker = scene.worker();
  await scene.ask({ worker });
  await scene.decide((await scene.waiting())[0]!);
  worker.fenced.add("started");
  await expect(scene.ask({ worker })).rejects.toMatchObject({ code: "run_taken" });
  expect(await scene.ask({ worker: scene.worker(worker.run) })).toEqual({ outcome: "done" });
  expect(scene.sent()).toHaveLength(1);
});

test("what a run has read is held against it, and not against another run", async () => {
  const rules = `${permitAll}@id("read") @reason("It has read what anybody could have written.")
forbid (principal, action == Action::"bank__pay", resource)
when { context.labels.contains("untrusted") };`;
  const scene = await openRunScene({ config: { policy: { rule: "allow-all" } } });
  const worker = scene.worker();
  const begun = toRules(rules);
  const pay = async (by: RunCall["worker"]) =>
    readOwnOutcome(await scene.call({ worker: by, rules: begun }))?.outcome ?? "done";
  expect(await pay(worker)).toBe("done");
  await scene.call({ worker, rules: begun, tool: "bank__look", args: {} });
  expect(await pay(worker)).toBe("denied");
  expect(await pay(scene.worker())).toBe("done");
});
