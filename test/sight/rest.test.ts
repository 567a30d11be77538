import { expect, test } from "vitest";
import { toDigest } from "../../src/model/index.ts";
import { callCli } from "../call-cli.ts";
import { ada, openRuns } from "../runs/runs-under-test.ts";

const some = toDigest("something");
const nothing = { micros: 0, tokens: 0, calls: 0 };
const bundles = () => ({ read: async () => null }) as never;

async function openTraced() {
  const scene = await openRuns({ bundles });
  const parent = scene.make(ada);
  const child = scene.make(ada, {
    agent: "clerk",
    root: parent,
    parent: { run: parent, step: 0, ordinal: 0 },
  });
  const usage = { input: 1, cached: null, written: null, output: 1, reasoning: null };
  const plan = { tool: "agents__clerk", args: some, effect: "agent" as const };
  scene.append(parent, { type: "run.started" });
  scene.append(parent, { type: "model.asked", step: 0, context: some, held: nothing });
  scene.append(parent, {
    type: "model.responded",
    step: 0,
    backend: "gpu",
    response: scene.textOf("a secret word"),
    stop: "tool_calls",
    calls: [plan],
    usage,
    prices: some,
    cost: nothing,
  });
  scene.append(parent, { type: "child.started", step: 0, ordinal: 0, run: child });
  return { ...scene, parent, child };
}

test("whoever sees a run sees its spans and those below it, and no text of it", async () => {
  const { ask, parent, child } = await openTraced();
  const path = `/v1/runs/${parent}/trace`;
  const { status, body } = await ask(path, "ada");
  expect(status).toBe(200);
  expect(body).toMatchObject({
    id: parent,
    cut: false,
    trace: expect.stringMatching(/^[0-9a-f]{32}$/),
  });
  const spans = body.spans as readonly Record<string, unknown>[];
  expect(spans.map(({ name, run, end }) => [name, run, end === null])).toEqual([
    ["invoke_agent travel", parent, true],
    ["chat", parent, false],
    ["execute_tool agents__clerk", parent, true],
    ["invoke_agent clerk", child, true],
  ]);
  expect(spans[3]!["parent"]).toBe(spans[2]!["id"]);
  for (const key of ["vera", "olga", "aud"]) expect((await ask(path, key)).status).toBe(200);
  expect(JSON.stringify((await ask(path, "vera")).body)).not.toMatch(/secret word|Book it/);
  for (const key of ["ben", "eve"]) expect((await ask(path, key)).status).toBe(404);
  expect((await ask("/v1/runs/01900000-0000-7000-8000-00000000ffff/trace", "ada")).status).toBe(
    404,
  );
  // Of the sub-agent alone.
  const below = await ask(`/v1/runs/${child}/trace`, "ada");
  expect(below.body.spans).toHaveLength(1);
  expect(below.body.trace).toBe(body.trace);
});

test.each([
  ["00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", true],
  ["00-00000000000000000000000000000000-b7ad6b7169203331-01", false],
  ["00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01", false],
  ["not a trace", false],
  ["ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", false],
])("a run begun with traceparent %j: %j", async (traceparent, isTaken) => {
  const scene = await openRuns({ bundles });
  const response = await fetch(new URL("/v1/runs", scene.url), {
    method: "POST",
    headers: { authorization: "Bearer ada", "content-type": "application/json", traceparent },
    body: JSON.stringify({ agent: "clerk", input: "Go." }),
  });
  // It is a hint, and refuses nothing.
  expect([201, 403]).toContain(response.status);
  const [asked] = scene.asked;
  expect(asked!.trace).toEqual(
    isTaken ? { trace: traceparent.slice(3, 35), span: traceparent.slice(36, 52) } : null,
  );
});

test("a run is exported whole, texts only where they are asked for, also those that pages leave out", async () => {
  const id = "01900000-0000-7000-8000-000000000001";
  const ok = <Body>(body: Body) => ({ status: 200 as const, etag: null, body });
  const asked: unknown[] = [];
  const digest = some;
  const client = {
    getRun: async () => ok({ id } as never),
    getRunTrace: async () => ok({ id, trace: "ab", cut: false, spans: [] }),
    listRunEvents: async (input: { readonly after?: number; readonly contents?: string }) => {
      asked.push(input);
      const contents = input.contents === "true" ? { contents: { [digest]: null } } : {};
      const isFirst = input.after === 0;
      const type = isFirst ? "run.started" : "model.asked";
      const event = { v: 1, type, step: 0, atMs: 5, ...contents } as never;
      return ok({ events: [{ seq: isFirst ? 1 : 2, event }], next: isFirst ? 1 : null });
    },
    getRunContent: async () => ok({ digest, text: "said" }),
    getRunExplanation: async () => ok({ id, head: 2 }),
    getRunContext: async ({ step }: { readonly step: number }) =>
      ok({ id, step, summary: { upTo: 1, text: "said before", ledger: "said, too" } }),
  } as never;
  const plain = await callCli(`runs export ${id}`, { client });
  expect(plain.code).toBe(0);
  expect(plain.err).toBe("");
  expect(JSON.parse(plain.out)).toMatchObject({
    format: "countersign-run",
    version: 1,
    run: { id },
    trace: { spans: [] },
    events: [{ seq: 1 }, { seq: 2 }],
    explanation: { head: 2 },
    contexts: [{ step: 0, summary: { upTo: 1, text: null } }],
  });
  expect(plain.out).not.toContain("said");
  const full = await callCli(`runs export ${id} --contents`, { client });
  expect(JSON.parse(full.out)).toMatchObject({
    events: [{ event: { contents: { [digest]: "said" } } }, {}],
    contexts: [{ summary: { text: "said before" } }],
  });
  expect(asked).toHaveLength(4);
});

test("whoever sees a run has it explained; rules of denials are for those who may read its texts", async () => {
  const { ask, append, textOf, parent } = await openTraced();
  const own = { "dev.countersign/outcome": { outcome: "denied", rule: "own/no-clerks" } };
  const raw = JSON.stringify({ content: [], isError: true, _meta: own });
  const result = textOf(JSON.stringify({ text: "Denied by a rule.", isError: true, raw }));
  const ended = { type: "call.ended", step: 0, ordinal: 0, entry: null } as const;
  append(parent, { ...ended, outcome: "denied", result, cost: nothing });
  const path = `/v1/runs/${parent}/explain`;
  const { status, body } = await ask(path, "ada");
  expect(status).toBe(200);
  expect(body).toMatchObject({
    id: parent,
    head: 6,
    cut: false,
    identity: { subject: "ada", failure: { class: "none" } },
    admission: { queuedMs: expect.any(Number), taken: 1 },
    state: { state: "running", event: "run.started", seq: 2 },
    execution: { denials: [{ tool: "agents__clerk", rule: "own/no-clerks" }] },
    delivery: { ready: null, at: null },
  });
  expect((await ask(path, "vera")).body).toMatchObject({
    execution: { denials: [{ tool: "agents__clerk", rule: null }] },
  });
  for (const key of ["olga", "aud"]) expect((await ask(path, key)).status).toBe(200);
  for (const key of ["ben", "eve"]) expect((await ask(path, key)).status).toBe(404);
});

test("of a run that stopped for ever again the last are shown, and that there is more", async () => {
  const { ask, append, parent } = await openTraced();
  const stop = () => append(parent, { type: "run.stopped", reason: "budget", detail: "" });
  const resumed = { by: "ada", caps: null, maxSteps: null, deadlineMs: null, inbox: 1 } as const;
  for (let at = 0; at < 99; at += 1) {
    stop();
    append(parent, { type: "run.resumed", ...resumed });
  }
  stop();
  const read = async () => (await ask(`/v1/runs/${parent}/explain`, "ada")).body as Explained;
  const whole = await read();
  expect([whole.delivery.announced.length, whole.cut]).toEqual([100, false]);
  append(parent, { type: "run.resumed", ...resumed });
  stop();
  const { head, delivery, cut } = await read();
  expect([delivery.announced.length, cut]).toEqual([100, true]);
  expect(delivery.announced.at(-1)!.id).toBe(`${parent}_${head}`);
});

interface Explained {
  readonly head: number;
  readonly cut: boolean;
  readonly delivery: { readonly announced: readonly { readonly id: string }[] };
}
