import { expect, test } from "vitest";
import { noCaps, startMs } from "../../test/runs/fake-run-desk.ts";
import { ada, admin, ben, openRuns, own } from "../../test/runs/runs-under-test.ts";
import { tell } from "../../test/start-api.ts";
import { createManualClock } from "../ports/manual-clock.ts";
import { toDigest, type ApprovalId, type RunId } from "../model/index.ts";

const approval = "01900000-0000-7000-8000-000000000001" as ApprovalId;
const nobody = "01900000-0000-7000-8000-00000000000f";
const digest = toDigest("an intent");

test("a run is started for whoever asks, with its caps and its deadline", async () => {
  const { post, asked } = await openRuns({ clock: createManualClock(startMs) });
  const { status, body } = await post("/v1/runs", {
    agent: "travel",
    input: "Book it.",
    caps: { money: "2.5", calls: 9 },
    deadline: "10m",
  });
  expect([status, body.state, body.subject]).toEqual([201, "queued", "service:admin"]);
  expect(body.budget.caps).toEqual({ money: "2.5", tokens: null, calls: 9 });
  expect(body.deadline).toBe(new Date(startMs + 600_000).toISOString());
  expect(asked).toEqual([
    {
      principal: admin,
      roles: [],
      agent: "travel",
      input: "Book it.",
      parent: null,
      trace: null,
      key: null,
      caps: { micros: 2_500_000, tokens: null, calls: 9 },
      deadlineMs: startMs + 600_000,
    },
  ]);
});

test("a key stands for one run, of one caller, with one content", async () => {
  const { url, asked, post } = await openRuns();
  const start = (key: string, input: string, caller = "ada") =>
    tell(url, "/v1/runs", {
      method: "POST",
      key: caller,
      headers: { "content-type": "application/json", "idempotency-key": key },
      body: JSON.stringify({ agent: "travel", input }),
    });
  const first = await start("k", "one");
  const again = await start("k", "one");
  expect([first.status, again.status, again.body.id]).toEqual([201, 200, first.body.id]);
  expect((await start("k", "two")).body.error.code).toBe("key_reused");
  expect((await start("k", "one", "ben")).body.id).not.toBe(first.body.id);
  expect((await start("k y", "one")).status).toBe(400);
  expect((await start("k".repeat(256), "one")).status).toBe(400);
  expect(asked.length).toBe(4);
  const misspelt = await post("/v1/runs", { agent: "travle", input: "x" });
  expect([misspelt.status, misspelt.body.error.message]).toEqual([
    404,
    "There is no agent of this name. Did you mean travel?",
  ]);
});

test("somebody else's run is not shown for a key, whatever the desk finds", async () => {
  const { desk, make, post } = await openRuns();
  const run = make(ben);
  desk.start = async () => ({ run, isNew: false });
  const { status, body } = await post("/v1/runs", { agent: "travel", input: "x" }, "ada");
  expect([status, body.error.code]).toEqual([422, "key_reused"]);
  expect(JSON.stringify(body)).not.toContain(run);
});

test.each([
  ["no agent", { input: "x" }],
  ["nothing to do", { agent: "travel", input: "" }],
  ["more than is known", { agent: "travel", input: "x", roles: ["root"] }],
  ["somebody else's name", { agent: "travel", input: "x", principal: { subject: "ben" } }],
  ["money below zero", { agent: "travel", input: "x", caps: { money: "-1" } }],
  ["money as a number", { agent: "travel", input: "x", caps: { money: 1 } }],
  ["half a call", { agent: "travel", input: "x", caps: { calls: 0.5 } }],
  ["a time that is over", { agent: "travel", input: "x", deadline: "2020-01-01T00:00:00Z" }],
  ["no time at all", { agent: "travel", input: "x", deadline: "0s" }],
  ["a time that is none", { agent: "travel", input: "x", deadline: "soon" }],
  ["two years", { agent: "travel", input: "x", deadline: "730d" }],
  ["one key twice", '{"agent":"travel","input":"x","input":"y"}'],
])("%s starts nothing", async (_case, body) => {
  const { post, asked } = await openRuns();
  const answer = await post("/v1/runs", body);
  expect([answer.status, answer.body.error.code]).toEqual([400, "request_invalid"]);
  expect(asked).toEqual([]);
});

test("a giant input is refused before it is read whole", async () => {
  const { post, asked } = await openRuns();
  const giant = await post("/v1/runs", { agent: "travel", input: "x".repeat(2_097_152) });
  expect([giant.status, giant.body.error.code]).toEqual([413, "payload_too_large"]);
  const long = await post("/v1/runs", { agent: "travel", input: "x".repeat(1_048_577) });
  expect([long.status, asked]).toEqual([400, []]);
});

test.each([
  ["approver-key", 403],
  ["vera", 403],
  ["olga", 403],
  ["aud", 403],
  ["nobody", 401],
  ["ada", 201],
])("%s starting a run is answered with %i", async (key, status) => {
  const { post } = await openRuns();
  expect((await post("/v1/runs", { agent: "travel", input: "x" }, key)).status).toBe(status);
});

test("a key for some toolsets starts no agent that reaches others, not by way of another one", async () => {
  const { post, asked } = await openRuns();
  expect((await post("/v1/runs", { agent: "clerk", input: "x" }, "narrow")).status).toBe(201);
  const wide = await post("/v1/runs", { agent: "travel", input: "x" }, "narrow");
  expect([wide.status, asked.length]).toEqual([403, 1]);
  const nested = await openRuns({
    agents: () => ({
      clerk: { toolset: "books", agents: ["deep"] },
      deep: { toolset: "books", agents: ["clerk", "all"] },
      all: { agents: [] },
    }),
  });
  expect((await nested.post("/v1/runs", { agent: "clerk", input: "x" }, "narrow")).status).toBe(
    403,
  );
});

test("a report says what a run waits for, with the page and the digest of the intent", async () => {
  const read = async () => ({ row: { intent: digest } }) as never;
  const { make, change, ask } = await openRuns({ desk: { read } as never });
  const run = make(admin);
  const child = make(admin, { parent: { run, step: 1, ordinal: 0 } });
  change(run, {
    state: "waiting",
    waits: [
      { kind: "approval", approval, tool: "booking__book", untilMs: startMs },
      { kind: "run", run: child },
      { kind: "timer", untilMs: null },
    ],
    budget: {
      caps: { ...noCaps, micros: 5_000_000 },
      spent: { micros: 1_250_000, tokens: 7, calls: 1 },
      held: { micros: 0, tokens: 0, calls: 0 },
    },
  });
  const { body } = await ask(`/v1/runs/${run}`);
  const none = { run: null, tool: null, approval: null, digest: null, url: null };
  const until = new Date(startMs).toISOString();
  const url = `http://localhost/approvals/${approval}`;
  expect(body.waits).toEqual([
    { ...none, kind: "approval", until, tool: "booking__book", approval, digest, url },
    { ...none, kind: "run", until: null, run: child },
    { ...none, kind: "timer", until: null },
  ]);
  expect(body.budget.spent).toEqual({ money: "1.25", tokens: 7, calls: 1 });
  const listed = await ask(`/v1/runs?parent=${run}`);
  expect(listed.body.runs).toMatchObject([{ id: child, parent: run, subject: "service:admin" }]);
});

test("runs are listed in pages; a caller sees its own among those of others", async () => {
  const { make, ask } = await openRuns();
  const mine = Array.from({ length: 5 }, (_, at) => {
    for (let n = 0; n < 150; n += 1) make(ben);
    return make(ada, at === 0 ? { agent: "clerk" } : {});
  }).toReversed();
  const idsOf = ({ body }: Awaited<ReturnType<typeof ask>>) =>
    (body.runs as { id: string }[]).map(({ id }) => id);
  const first = await ask("/v1/runs?limit=3", "ada");
  const second = await ask(`/v1/runs?limit=3&before=${first.body.next}`, "ada");
  expect([...idsOf(first), ...idsOf(second)]).toEqual(mine);
  expect(second.body.next).toBeNull();
  expect(idsOf(await ask("/v1/runs?agent=clerk", "ada"))).toEqual([mine[4]]);
  expect(idsOf(await ask("/v1/runs?limit=2"))).toHaveLength(2);
  expect(idsOf(await ask("/v1/runs", "eve"))).toEqual([]);
  for (const query of ["limit=0", "limit=201", "state=lost", "before=x'--", "limit=-1"])
    expect((await ask(`/v1/runs?${query}`)).status, query).toBeGreaterThanOrEqual(400);
});

test("who has very few among very many is shown them at once, and none of a namesake", async () => {
  const { make, ask, desk } = await openRuns();
  const mine = make(ada);
  const namesake = make({ ...ada, kind: "user" });
  for (let n = 0; n < 1_001; n += 1) make(ben);
  const queries: unknown[] = [];
  const { list } = desk;
  desk.list = (tenant, query) => {
    queries.push(query);
    return list(tenant, query);
  };
  const found = await ask("/v1/runs", "ada");
  expect(found.body).toMatchObject({ runs: [{ id: mine }], next: null });
  expect(queries).toEqual([{ limit: 50, subject: "default\nservice\nada" }]);
  expect((await ask(`/v1/runs/${namesake}`, "ada")).status).toBe(404);
  expect((await ask(`/v1/runs/${mine}`, "ada")).body.subject).toBe("service:ada");
  expect((await ask(`/v1/runs/${namesake}`)).body.subject).toBe("user:ada");
});

const paths = (run: RunId): readonly (readonly [string, unknown])[] => [
  [`/v1/runs/${run}/cancel`, undefined],
  [`/v1/runs/${run}/pause`, undefined],
  [`/v1/runs/${run}/compensate`, undefined],
  [`/v1/runs/${run}/resume`, {}],
  [`/v1/runs/${run}/signal`, { name: "paid" }],
];

test("a run of somebody else, and one of another tenant, is not there", async () => {
  const { make, ask, post, told, textOf } = await openRuns();
  const run = make(ada);
  const seen = [`/v1/runs/${run}`, `/v1/runs/${run}/events`];
  for (const key of ["ben", "eve"]) {
    for (const path of [...seen, `/v1/runs/${run}/contents/${textOf("Book it.")}`])
      expect((await ask(path, key)).status, path).toBe(404);
    for (const [path, body] of [...paths(run), [`/v1/runs/${run}/fork`, { step: 0 }] as const])
      expect((await post(path, body, key)).status, path).toBe(404);
  }
  expect(told).toEqual([]);
  for (const id of [nobody, "x", "..%2f..%2fconfig", "%00"])
    expect((await ask(`/v1/runs/${id}`)).status, id).toBe(404);
});

test("a viewer looks and tells nothing; an operator tells everybody's run", async () => {
  const { make, ask, post, told, textOf } = await openRuns();
  const run = make(ada);
  const text = `/v1/runs/${run}/contents/${textOf("Book it.")}`;
  expect((await ask(`/v1/runs/${run}`, "vera")).status).toBe(200);
  expect((await ask(`/v1/runs/${run}/events`, "vera")).status).toBe(200);
  expect((await ask(text, "vera")).status).toBe(403);
  expect((await ask(`/v1/runs/${run}/events?contents=true`, "vera")).status).toBe(403);
  expect((await ask(text, "aud")).body.text).toBe("Book it.");
  for (const key of ["vera", "aud", "approver-key"])
    for (const [path, body] of paths(run))
      expect((await post(path, body, key)).status, `${key} ${path}`).toBe(403);
  expect(told).toEqual([]);
  for (const [path, body] of paths(run))
    expect((await post(path, body, "olga")).status, path).toBe(202);
  expect(told.map(({ word }) => word)).toEqual([
    { kind: "cancel", by: "olga" },
    { kind: "pause", by: "olga" },
    { kind: "compensate", by: "olga" },
    { kind: "resume", by: "olga", caps: null, maxSteps: null, deadlineMs: null },
    { kind: "signal", name: "paid", payload: "" },
  ]);
});

test("a viewer sees no output of somebody else's run", async () => {
  const { make, change, ask } = await openRuns();
  const run = make(ada);
  change(run, { output: "A secret plan." });
  expect((await ask(`/v1/runs/${run}`, "vera")).body.output).toBeNull();
  for (const key of ["ada", "olga", "aud"])
    expect((await ask(`/v1/runs/${run}`, key)).body.output).toBe("A secret plan.");
});

test("a user and a service of one name are two", async () => {
  const { make, ask } = await openRuns();
  const run = make({ ...ada, kind: "user" });
  expect((await ask(`/v1/runs/${run}`, "ada")).status).toBe(404);
});

test("whoever is held by a cap resumes and does not raise it", async () => {
  const { make, post, told } = await openRuns({ clock: createManualClock(startMs) });
  const path = `/v1/runs/${make(ada)}/resume`;
  for (const raised of [{ caps: { money: "9" } }, { maxSteps: 99 }, { deadline: "1h" }])
    expect((await post(path, raised, "ada")).status).toBe(403);
  expect(told).toEqual([]);
  expect((await post(path, {}, "ada")).status).toBe(202);
  const raised = { caps: { money: "9" }, maxSteps: 99, deadline: "1h" };
  expect((await post(path, raised)).status).toBe(202);
  const caps = { ...noCaps, micros: 9_000_000 };
  expect(told[1]?.word).toEqual({
    kind: "resume",
    by: "admin",
    caps,
    maxSteps: 99,
    deadlineMs: startMs + 3_600_000,
  });
});

test.each([
  ["a control character", { name: "paid\n" }],
  ["an escape", { name: "\u001b[2J" }],
  ["an override", { name: "pa\u202eid" }],
  ["a line separator", { name: "a\u2028b" }],
  ["nothing", { name: "" }],
  ["a long one", { name: "n".repeat(257) }],
  ["a long payload", { name: "paid", payload: "x".repeat(262_145) }],
  ["a payload that is no text", { name: "paid", payload: { a: 1 } }],
])("a signal with %s in its name tells nothing", async (_case, body) => {
  const { make, post, told } = await openRuns();
  const answer = await post(`/v1/runs/${make(admin)}/signal`, body);
  expect([answer.status, told]).toEqual([400, []]);
});

test("events come in pages, with the texts that they name for whoever may see them", async () => {
  const { make, append, textOf, ask } = await openRuns();
  const run = make(admin);
  const payload = textOf("Paid.");
  const long = textOf("x".repeat(300_000));
  append(run, { type: "run.started" });
  append(run, { type: "signal.received", name: "paid", payload, inbox: 1 });
  append(run, { type: "signal.received", name: "more", payload: long, inbox: 2 });
  const first = await ask(`/v1/runs/${run}/events?limit=3`);
  expect(first.body.next).toBe(3);
  expect(first.body.events).toMatchObject([{ seq: 1 }, { seq: 2 }, { seq: 3 }]);
  expect(first.body.events[2].event).not.toHaveProperty("contents");
  const second = await ask(`/v1/runs/${run}/events?after=2&contents=true`);
  expect(second.body.next).toBeNull();
  expect(second.body.events).toMatchObject([
    { seq: 3, event: { type: "signal.received", contents: { [payload]: "Paid." } } },
    { seq: 4, event: { contents: { [long]: null } } },
  ]);
  expect((await ask(`/v1/runs/${run}/contents/${long}`)).body.text.length).toBe(300_000);
  expect((await ask(`/v1/runs/${run}/contents/${toDigest("gone")}`)).status).toBe(404);
  expect((await ask(`/v1/runs/${run}/contents/..`)).status).toBe(404);
  for (const query of ["after=-1", "after=1e300", "after=x", "limit=501", "contents=maybe"])
    expect((await ask(`/v1/runs/${run}/events?${query}`)).status, query).toBe(400);
});

test("a desk of one tenant is asked for that tenant alone", async () => {
  const { desk, ask } = await openRuns();
  const asked: unknown[] = [];
  desk.list = async (tenant) => {
    asked.push(tenant);
    return [];
  };
  await ask("/v1/runs");
  await ask("/v1/runs", "eve");
  expect(asked).toEqual([own, "other"]);
});

test("a context is shown to whoever sees the run, its summary to whoever may read it", async () => {
  const { make, show, ask } = await openRuns();
  const run = make(ada);
  const part = { kind: "source", step: 0, ordinal: 0, name: "orders", digest, tokens: 9 };
  const context = {
    run,
    step: 1,
    atMs: startMs,
    snapshot: digest,
    parent: null,
    window: 1_000,
    tokens: {
      instructions: 1,
      skills: 2,
      tools: 3,
      conversation: 4,
      sources: { orders: 9 },
      total: 123,
    },
    counted: null,
    parts: [{ ...part, isNew: true }],
    dropped: [{ kind: "source", step: 0, ordinal: 0, name: "orders", why: "superseded" }],
    summary: { upTo: 1, text: "the secret", ledger: "the ledger" },
  } as const;
  show(run, context);
  const read = (key?: string, query = "") => ask(`/v1/runs/${run}/context${query}`, key);
  const mine = await read("ada");
  expect(mine.status).toBe(200);
  expect(mine.body).toMatchObject({ id: run, share: 0.123, summary: { text: "the secret" } });
  expect(mine.body.parts).toEqual([{ ...part, new: true }]);
  expect(mine.body.dropped[0]).toMatchObject({ name: "orders", why: "superseded" });
  for (const key of ["aud", "olga"])
    expect((await read(key)).body.summary).toEqual(context.summary);
  const seen = await read("vera");
  expect(seen.body.tokens).toEqual(context.tokens);
  expect(seen.body.summary).toEqual({ upTo: 1, text: null, ledger: null });
  expect(JSON.stringify(seen.body)).not.toContain("the secret");
  // Somebody else's, and another tenant's, is as one that is not there.
  for (const key of ["ben", "eve"]) expect((await read(key)).status).toBe(404);
  expect((await read("ada", "?step=1")).status).toBe(200);
  expect((await read("ada", "?step=2")).status).toBe(404);
  expect((await read("ada", "?step=x")).status).toBe(400);
});
