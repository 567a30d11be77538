import { expect, test } from "vitest";
import { createEngine, script } from "../../test/simulation/engine.ts";
import { principal, tenant } from "../../test/simulation/tenant.ts";
import { toDigest, type Fault } from "../model/index.ts";

const read = (n: number) => ["t__read", { n }] as const;
const caps = { micros: null, tokens: null, calls: 3 };

test("a key starts one run, for the same only", async () => {
  const engine = await createEngine({ model: script() });
  const run = await engine.start({ key: "k", caps });
  expect(await engine.start({ key: "k", caps })).toBe(run);
  const asking = { principal, roles: [], agent: "parent", input: "Go.", deadlineMs: null };
  const again = await engine.desk.start({ ...asking, caps, key: "k", parent: null });
  expect(again).toEqual({ run, isNew: false });
  for (const other of [{ input: "Else." }, { caps: null }, { agent: "other" }]) {
    const code = await engine
      .start({ key: "k", caps, ...other })
      .catch((fault: Fault) => fault.code);
    expect(code).toBe("key_reused");
  }
  const bob = { ...principal, subject: "bob" };
  expect(await engine.start({ key: "k", caps, principal: bob })).not.toBe(run);
});

test("what was started under a key is found by whoever started it, and by nobody else", async () => {
  const engine = await createEngine({ model: script() });
  const run = await engine.start({ key: "k" });
  expect(await engine.desk.byKey(principal, "k")).toBe(run);
  // Which agent acts for it makes no other starter of it.
  const acting = { ...principal, actor: { agent: "other", bundle: toDigest("bundle") } };
  expect(await engine.desk.byKey(acting, "k")).toBe(run);
  const others = [
    { ...principal, subject: "bob" },
    { ...principal, kind: "service" as const },
    { ...principal, tenant: "other" as typeof tenant },
  ];
  for (const other of others) expect(await engine.desk.byKey(other, "k")).toBeNull();
  expect(await engine.desk.byKey(principal, "l")).toBeNull();
});

test("what no event or letter could hold is refused before it is written", async () => {
  const engine = await createEngine({ model: script() });
  const roles = Array.from({ length: 65 }, (_, n) => `role ${n}`);
  for (const odd of [{ roles }, { deadlineMs: 1.5 }, { caps: { ...caps, calls: -1 } }])
    await expect(engine.start(odd)).rejects.toMatchObject({ code: "request_invalid" });
  expect(await engine.store.runs.list(tenant, { limit: 10 })).toEqual([]);
  const run = await engine.start();
  for (const word of [
    { kind: "cancel", by: "" },
    { kind: "signal", name: "x".repeat(257), payload: "" },
  ] as const)
    await expect(engine.tell(run, word)).rejects.toMatchObject({ code: "request_invalid" });
  expect((await engine.store.runs.get(run))!.inbox).toBe(0);
});

test("a fork knows what was known at the end of a step, nothing after it, and has spent nothing", async () => {
  const seen: number[] = [];
  const engine = await createEngine({
    model: (request, ask) => {
      seen.push(request.messages.length);
      return script([read(1), read(2)], [read(3)], [read(4)])(request, ask);
    },
    limits: { calls: 9 },
  });
  const run = await engine.start({ roles: ["buyer"] });
  await engine.settle();
  expect(seen).toEqual([1, 4, 6, 8]);
  const ended = (await engine.events(run)).filter((event) => event.type === "call.ended");
  expect(ended).toHaveLength(4);
  for (const { ms, bytes } of ended) expect([ms! >= 0, bytes! > 0]).toEqual([true, true]);
  const by = { ...principal, subject: "bob", actor: null };
  const manifest = toDigest("manifest");
  const { workspaces } = engine.store;
  await workspaces.put({
    key: { tenant, server: "lab", owner: run },
    run,
    subject: "bob",
    version: 0,
    manifest,
    blobs: new Map([[manifest, Buffer.from("sealed")]]),
    keeps: [manifest],
    calls: [],
    nowMs: 0,
  });
  const fork = await engine.desk.fork(tenant, run, { step: 1, by, roles: ["reader"] });
  const copied = await workspaces.get({ tenant, server: "lab", owner: fork });
  expect(copied).toMatchObject({ version: 1, manifest });
  expect((await engine.read(fork)).budget.spent).toEqual({ micros: 0, tokens: 0, calls: 0 });
  const [created] = await engine.events(fork);
  expect(created).toMatchObject({ roles: ["reader"], forkOf: { run, step: 1 }, parent: null });
  expect(created).toMatchObject({ principal: { subject: "bob", actor: { agent: "parent" } } });
  seen.length = 0;
  await engine.pass(0);
  expect(seen).toEqual([6, 8]);
  const report = await engine.read(fork);
  expect([report.state, report.steps, report.budget.spent.calls]).toEqual(["completed", 4, 1]);
  await expect(engine.desk.fork(tenant, run, { step: 9, by, roles: [] })).rejects.toMatchObject({
    code: "request_invalid",
  });
});

test("a signal is heard by a run that waits for it, and by one that does not", async () => {
  const wait = [["run__wait_for_signal", { seconds: 60, name: "go" }] as const];
  const engine = await createEngine({
    model: (request, ask) => {
      const texts = request.messages.map((message) => ("text" in message ? message.text : ""));
      return texts.length > 3 ? texts.join("|") : script(wait)(request, ask);
    },
  });
  const run = await engine.start();
  await engine.settle();
  await engine.tell(run, { kind: "signal", name: "other", payload: "no" });
  await engine.settle();
  expect((await engine.read(run)).state).toBe("waiting");
  await engine.tell(run, { kind: "signal", name: "go", payload: "now" });
  await engine.settle();
  const { state, output } = await engine.read(run);
  expect(state).toBe("completed");
  expect(output).toContain("Signal go: now");
});

test("another tenant's run is not there, and an ended one takes no word", async () => {
  const engine = await createEngine({ model: script() });
  const run = await engine.start();
  await engine.settle();
  const other = "other" as typeof tenant;
  const word = { kind: "cancel", by: "ada" } as const;
  await expect(engine.desk.read(other, run)).rejects.toMatchObject({ code: "not_found" });
  await expect(engine.desk.tell(other, run, word)).rejects.toMatchObject({ code: "not_found" });
  await expect(engine.tell(run, word)).rejects.toMatchObject({ code: "run_ended" });
});
