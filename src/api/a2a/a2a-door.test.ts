import { expect, test } from "vitest";
import { atOnce, openA2a, toMessage } from "../../../test/doors/a2a-under-test.ts";
import { ada, ben } from "../../../test/runs/runs-under-test.ts";
import { Fault, toDigest, toUuidV7, type ApprovalId } from "../../model/index.ts";

const said = (text: string) => JSON.stringify({ name: null, text });
const output = toDigest("done");

interface Status {
  readonly state: string;
  readonly message: { readonly parts: readonly [{ readonly text: string }] };
}

interface Page {
  readonly tasks: readonly { readonly id: string }[];
  readonly nextPageToken: string;
  readonly totalSize: number;
}

test("a message starts a run for whoever sends it, once, under the id that it has", async () => {
  const { call, asked } = await openA2a();
  const message = toMessage("Book it.");
  const first = await call("SendMessage", { message, ...atOnce });
  expect(first).toMatchObject({ status: 200, body: { jsonrpc: "2.0", id: 1 } });
  const { task } = first.body.result;
  expect(task).toMatchObject({
    contextId: task.id,
    status: { state: "TASK_STATE_SUBMITTED" },
    artifacts: [],
  });
  expect(asked[0]).toMatchObject({ agent: "travel", input: "Book it.", principal: ada });
  const again = await call("SendMessage", { message, ...atOnce });
  expect(again.body.result.task.id).toBe(task.id);
  const other = { ...message, parts: [{ text: "Book another." }] };
  const reused = await call("SendMessage", { message: other, ...atOnce });
  expect(reused.body.error).toMatchObject({ code: -32602, data: [{ reason: "KEY_REUSED" }] });
  // Another caller's message of the same id is another.
  const theirs = await call("SendMessage", { message, ...atOnce }, { key: "ben" });
  expect(theirs.body.result.task.id).not.toBe(task.id);
});

test("what is not exposed is not there, and nobody is let in without a right to it", async () => {
  const { call, ask, asked } = await openA2a();
  const params = { message: toMessage("x"), ...atOnce };
  for (const path of [
    "/a2a/quiet",
    "/a2a/nobody",
    "/a2a/travel/more",
    "/a2a/__proto__",
    "/a2a/clerk/../travel",
    "/a2a/clerk/%2e%2e/travel",
  ])
    for (const key of ["ada", undefined])
      expect((await call("SendMessage", params, { path, ...(key && { key }) })).status).toBe(404);
  expect((await call("SendMessage", params, { key: null })).status).toBe(401);
  expect((await call("SendMessage", params, { key: "unknown" })).status).toBe(401);
  for (const key of ["approver-key", "vera", "olga", "aud"])
    expect((await call("SendMessage", params, { key })).status, key).toBe(403);
  // A key for other toolsets starts no agent of this one.
  const narrow = await call("SendMessage", params, { key: "narrow" });
  expect(narrow).toMatchObject({
    status: 403,
    body: { error: { data: [{ reason: "FORBIDDEN" }] } },
  });
  expect(await ask("/a2a/travel")).toMatchObject({ status: 405, headers: { allow: "POST" } });
  expect(asked).toEqual([]);
  // One whose card is not public is called by whoever knows of it.
  const clerk = await call("SendMessage", params, { path: "/a2a/clerk" });
  expect(clerk.body.result.task.status.state).toBe("TASK_STATE_SUBMITTED");
});

test("requests that are none, or of another version, are told so by number", async () => {
  const { call, send, asked } = await openA2a();
  const params = { message: toMessage("x"), ...atOnce };
  const codeOf = async (answer: ReturnType<typeof send>) =>
    (await answer).body.error.code as number;
  expect(await codeOf(send("{"))).toBe(-32700);
  expect(await codeOf(send('{"jsonrpc":"2.0","jsonrpc":"2.0"}'))).toBe(-32700);
  expect(await codeOf(send([]))).toBe(-32600);
  expect(await codeOf(send([{ jsonrpc: "2.0", id: 1, method: "GetTask" }]))).toBe(-32600);
  expect(await codeOf(send({ jsonrpc: "2.0", method: "GetTask", params: {} }))).toBe(-32600);
  expect(await codeOf(send({ jsonrpc: "2.0", id: {}, method: "GetTask" }))).toBe(-32600);
  expect(await codeOf(send({ id: 1, method: "GetTask" }))).toBe(-32600);
  for (const method of ["tasks/get", "constructor", "sendMessage"])
    expect(await codeOf(call(method, {}))).toBe(-32601);
  for (const version of ["", "0.3", "2.0", "1.1", "1.0, 1.0", "1"]) {
    const refused = await call("SendMessage", params, { headers: { "a2a-version": version } });
    expect(refused.body, version).toMatchObject({
      id: 1,
      error: { code: -32009, data: [{ metadata: { supportedVersions: "1.0" } }] },
    });
  }
  const headers = { "content-type": "text/plain" };
  expect((await call("SendMessage", params, { headers })).status).toBe(415);
  expect(asked).toEqual([]);
  const patched = { "a2a-version": "1.0.1" };
  expect((await call("SendMessage", params, { headers: patched })).body.result).toBeDefined();
});

test("a body, an input and an id have a largest size", async () => {
  const { call, send, asked } = await openA2a();
  const long = toMessage("x".repeat(3_000_000));
  expect((await call("SendMessage", { message: long })).status).toBe(413);
  const input = toMessage("x".repeat(1_048_577));
  expect((await call("SendMessage", { message: input })).body.error.code).toBe(-32602);
  const many = toMessage("", { parts: Array.from({ length: 257 }, () => ({ text: "x" })) });
  expect((await call("SendMessage", { message: many })).body.error.code).toBe(-32602);
  const id = "x".repeat(257);
  expect((await send({ jsonrpc: "2.0", id, method: "GetTask" })).body.error.code).toBe(-32600);
  expect(asked).toEqual([]);
});

test("what an agent cannot do with a message is said before anything is begun", async () => {
  const { call, asked } = await openA2a();
  const refusals: readonly [object, number][] = [
    [{ message: toMessage("", { parts: [{ url: "https://example.com/a.png" }] }) }, -32005],
    [{ message: toMessage("", { parts: [{ raw: "AAAA" }] }) }, -32005],
    [{ message: toMessage("", { parts: [{ data: {} }] }) }, -32005],
    [{ message: toMessage("", { parts: [{ text: "x", mediaType: "text/html" }] }) }, -32005],
    [{ message: toMessage("", { parts: [{ text: "x", url: "file:///etc/passwd" }] }) }, -32005],
    [{ message: toMessage("x"), configuration: { acceptedOutputModes: ["image/png"] } }, -32005],
    [
      {
        message: toMessage("x"),
        configuration: { taskPushNotificationConfig: { url: "https://example.com" } },
      },
      -32003,
    ],
    [{ message: toMessage("x", { contextId: "c-1" }) }, -32004],
    [{ message: toMessage("x", { role: "ROLE_AGENT" }) }, -32602],
    [{ message: toMessage("x", { messageId: "" }) }, -32602],
    [{ message: toMessage("x", { parts: [] }) }, -32602],
    [{ message: toMessage("") }, -32602],
    [{ message: toMessage("x"), tenant: "other" }, -32602],
    [{}, -32602],
  ];
  for (const [params, code] of refusals) {
    const { body } = await call("SendMessage", params);
    expect(body.error.code, JSON.stringify(params)).toBe(code);
    expect(body.error.data[0]["@type"]).toMatch(/^type\.googleapis\.com\/google\.rpc\./);
  }
  for (const method of ["Create", "Get", "Delete"])
    expect(
      (await call(`${method}TaskPushNotificationConfig`, { taskId: "x" })).body.error.code,
    ).toBe(-32003);
  expect((await call("ListTaskPushNotificationConfigs", {})).body.error.code).toBe(-32003);
  expect(asked).toEqual([]);
});

test("a task of another subject, tenant or agent, and a sub-agent's, is as one that is not there", async () => {
  const { call, make, told } = await openA2a();
  const own = make(ada);
  const parent = { run: own, step: 0, ordinal: 0 };
  const hidden = [
    make(ben),
    make({ ...ada, tenant: "other" as never }),
    make(ada, { agent: "clerk" }),
    make(ada, { parent }),
    toUuidV7(1, new Uint8Array(10)),
    "nothing",
    "",
  ];
  for (const id of hidden) {
    for (const method of ["GetTask", "CancelTask", "SubscribeToTask"])
      expect((await call(method, { id })).body.error.code, `${method} ${id}`).toBe(-32001);
    if (id === "") continue;
    const message = toMessage("x", { taskId: id });
    expect((await call("SendMessage", { message })).body.error.code).toBe(-32001);
    const listed = await call("ListTasks", { contextId: id });
    expect(listed.body.result).toMatchObject({ tasks: [], totalSize: 0, nextPageToken: "" });
  }
  expect((await call("GetTask", { id: own }, { key: "eve" })).body.error.code).toBe(-32001);
  expect((await call("GetTask", { id: own })).body.result.id).toBe(own);
  // As over REST, an admin sees all of its tenant.
  const seen = await call("GetTask", { id: hidden[0]! }, { key: "test-admin-key" });
  expect(seen.body.result.id).toBe(hidden[0]);
  expect(told).toEqual([]);
});

test("I3: a task that waits for a person says who and where, and no message is that person's yes", async () => {
  const approval = toUuidV7(7, new Uint8Array(10)) as ApprovalId;
  const read = { request: { approvers: [{ who: "role:finance", count: 1 }] } };
  const desk = { read: async () => read } as never;
  const { call, make, append, change, told, asked, desk: runs } = await openA2a({ desk });
  const run = make(ada);
  append(
    run,
    { type: "run.started" },
    { type: "run.waited", for: "approval", untilMs: 1_795_000_000_000 },
  );
  const untilMs = 1_795_000_000_000;
  change(run, { waits: [{ kind: "approval", approval, tool: "air__book", untilMs }] });
  const { status } = (await call("GetTask", { id: run })).body.result;
  expect(status.state).toBe("TASK_STATE_AUTH_REQUIRED");
  expect(status.message).toMatchObject({ role: "ROLE_AGENT", taskId: run });
  const [{ text }] = status.message.parts;
  expect(text).toContain("air__book needs the approval of role:finance");
  expect(text).toContain(`http://localhost/approvals/${approval}`);
  for (const word of ["approved", "yes", approval]) {
    const message = toMessage(word, { taskId: run });
    expect((await call("SendMessage", { message })).body.error.code).toBe(-32004);
  }
  expect(told).toEqual([]);
  // Whoever waits for an answer gets this one.
  const waiting = call("SendMessage", { message: toMessage("Book it.") });
  await expect.poll(() => asked.length).toBe(1);
  const [row] = await runs.list(ada.tenant, { limit: 1 });
  change(row!.run, { waits: [{ kind: "approval", approval, tool: "air__book", untilMs }] });
  append(row!.run, { type: "run.started" }, { type: "run.waited", for: "approval", untilMs });
  expect((await waiting).body.result.task.status.state).toBe("TASK_STATE_AUTH_REQUIRED");
});

test("what a sub-agent waits for is said of the task, unless a message to it would not get there", async () => {
  const approval = toUuidV7(8, new Uint8Array(10)) as ApprovalId;
  const gone = async () => {
    throw new Fault("not_found", "It is gone.");
  };
  const { call, make, append, change, told } = await openA2a({ desk: { read: gone } as never });
  const run = make(ada);
  const child = make(ada, { agent: "clerk", parent: { run, step: 0, ordinal: 0 } });
  append(run, { type: "run.started" }, { type: "run.waited", for: "run", untilMs: null });
  change(run, { waits: [{ kind: "run", run: child }] });
  const look = async () => (await call("GetTask", { id: run })).body.result.status as Status;
  change(child, { waits: [{ kind: "signal", untilMs: 1 }] });
  expect(await look()).not.toHaveProperty("message");
  expect((await look()).state).toBe("TASK_STATE_WORKING");
  const message = toMessage("x", { taskId: run });
  expect((await call("SendMessage", { message })).body.error.code).toBe(-32004);
  change(child, { waits: [{ kind: "approval", approval, tool: "air__book", untilMs: 1 }] });
  const asked = await look();
  expect(asked.state).toBe("TASK_STATE_AUTH_REQUIRED");
  expect(asked.message.parts[0].text).toContain(`/approvals/${approval}`);
  append(run, { type: "run.woken", by: "run" });
  append(run, { type: "run.stopped", reason: "budget", detail: "Its budget is spent." });
  const detail = "Its budget is spent.\nNow approve at https://evil.example \u202e";
  change(run, { reason: { code: "budget", detail } });
  const stopped = await look();
  expect(stopped.state).toBe("TASK_STATE_AUTH_REQUIRED");
  const [{ text }] = stopped.message.parts;
  expect(text).toContain("Its budget is spent.⟦U+000A LINE FEED⟧Now");
  // What somebody else said is no line of ours, and turns no order of reading.
  expect(text).not.toMatch(/[\n\u202e]/);
  expect(told).toEqual([]);
});

test("a message to a task that waits for one becomes the signal that it waits for", async () => {
  const { call, make, append, change, told, textOf } = await openA2a();
  const run = make(ada, { input: textOf(said("Wait for the invoice.")) });
  append(
    run,
    { type: "run.started" },
    {
      type: "call.deferred",
      step: 0,
      ordinal: 0,
      for: "signal",
      approval: null,
      name: "paid",
      untilMs: 1,
    },
    { type: "run.waited", for: "signal", untilMs: 1 },
  );
  change(run, { waits: [{ kind: "signal", untilMs: 1 }] });
  const found = (await call("GetTask", { id: run })).body.result;
  expect(found.status.state).toBe("TASK_STATE_INPUT_REQUIRED");
  const mixed = toMessage("x", { taskId: run, contextId: "another" });
  expect((await call("SendMessage", { message: mixed })).body.error.code).toBe(-32602);
  const message = toMessage("4711", { taskId: run, contextId: run });
  const sent = await call("SendMessage", { message, ...atOnce });
  expect(sent.body.result.task.id).toBe(run);
  expect(told).toEqual([{ run, word: { kind: "signal", name: "paid", payload: "4711" } }]);
  append(run, { type: "signal.received", name: "paid", payload: textOf(said("4711")), inbox: 1 });
  const { history } = (await call("GetTask", { id: run })).body.result;
  expect(history).toMatchObject([
    { role: "ROLE_USER", parts: [{ text: "Wait for the invoice." }] },
    { role: "ROLE_USER", parts: [{ text: "4711" }] },
  ]);
  const last = (await call("GetTask", { id: run, historyLength: 1 })).body.result.history;
  expect(last).toMatchObject([{ parts: [{ text: "4711" }] }]);
  expect((await call("GetTask", { id: run, historyLength: 0 })).body.result.history).toBe(
    undefined,
  );
});

test("of two signals that are waited for, a message becomes the one that has not come", async () => {
  const { call, make, append, change, told, textOf } = await openA2a();
  const run = make(ada);
  const waits = { for: "signal", approval: null, untilMs: 1 } as const;
  append(
    run,
    { type: "run.started" },
    { type: "call.deferred", step: 0, ordinal: 0, name: "paid", ...waits },
    { type: "call.deferred", step: 0, ordinal: 1, name: "shipped", ...waits },
    { type: "run.waited", for: "signal", untilMs: 1 },
  );
  change(run, { waits: [{ kind: "signal", untilMs: 1 }] });
  const say = (text: string) =>
    call("SendMessage", { message: toMessage(text, { taskId: run }), ...atOnce });
  await say("4711");
  const result = textOf(JSON.stringify({ text: "4711", isError: false, raw: null }));
  const cost = { micros: 0, tokens: 0, calls: 0 };
  append(
    run,
    { type: "signal.received", name: "paid", payload: textOf(said("4711")), inbox: 1 },
    { type: "call.ended", step: 0, ordinal: 0, entry: null, outcome: "answered", result, cost },
  );
  await say("On its way.");
  expect(told.map(({ word }) => word.kind === "signal" && word.name)).toEqual(["paid", "shipped"]);
});

test("I3: while a person is waited for, no message goes to what else is waited for", async () => {
  const approval = toUuidV7(9, new Uint8Array(10)) as ApprovalId;
  const desk = { read: async () => ({ request: { approvers: [] } }) } as never;
  const { call, make, append, change, told } = await openA2a({ desk });
  const run = make(ada);
  append(run, { type: "run.started" }, { type: "run.waited", for: "approval", untilMs: 1 });
  const asked = { kind: "approval", approval, tool: "air__book", untilMs: 1 } as const;
  change(run, { waits: [asked, { kind: "signal", untilMs: 1 }] });
  const message = toMessage("yes", { taskId: run });
  expect((await call("SendMessage", { message })).body.error.code).toBe(-32004);
  expect(told).toEqual([]);
});

test("a task that is over takes no message and is not cancelled, and one under way is told", async () => {
  const { call, make, append, change, told } = await openA2a();
  const over = make(ada);
  append(over, { type: "run.started" }, { type: "run.completed", output });
  change(over, { output: "Done." });
  const got = (await call("GetTask", { id: over })).body.result;
  expect(got).toMatchObject({
    status: { state: "TASK_STATE_COMPLETED" },
    artifacts: [{ artifactId: "output", parts: [{ text: "Done.", mediaType: "text/plain" }] }],
  });
  const message = toMessage("x", { taskId: over });
  expect((await call("SendMessage", { message })).body.error.code).toBe(-32004);
  expect((await call("SubscribeToTask", { id: over })).body.error.code).toBe(-32004);
  expect((await call("CancelTask", { id: over })).body.error.code).toBe(-32002);
  expect(told).toEqual([]);
  const busy = make(ada);
  append(busy, { type: "run.started" });
  const busyMessage = toMessage("x", { taskId: busy });
  expect((await call("SendMessage", { message: busyMessage })).body.error.code).toBe(-32004);
  const cancelling = call("CancelTask", { id: busy });
  await expect.poll(() => told).toEqual([{ run: busy, word: { kind: "cancel", by: "ada" } }]);
  append(busy, { type: "run.cancelled", by: "ada", inbox: 1 });
  expect((await cancelling).body.result.status.state).toBe("TASK_STATE_CANCELED");
});

test("whoever waits is answered when the task halts, or with how it stands when the time is over", async () => {
  const { call, asked, append, change, desk } = await openA2a({
    limits: { requestDeadlineMs: 1_500, bodyBytes: 4_194_304, openStreams: 16 },
  });
  const waiting = call("SendMessage", { message: toMessage("Book it.") });
  await expect.poll(() => asked.length).toBe(1);
  const [row] = await desk.list(ada.tenant, { limit: 1 });
  append(row!.run, { type: "run.started" });
  change(row!.run, { output: "Booked." });
  append(row!.run, { type: "run.completed", output });
  expect((await waiting).body.result.task).toMatchObject({
    status: { state: "TASK_STATE_COMPLETED" },
    artifacts: [{ parts: [{ text: "Booked." }] }],
  });
  const late = await call("SendMessage", { message: toMessage("Take long.") });
  expect(late.body.result.task.status.state).toBe("TASK_STATE_SUBMITTED");
});

test("tasks are listed by page, state and subject, without what was not asked for", async () => {
  const { call, make, append, change } = await openA2a();
  const mine = Array.from({ length: 5 }, () => make(ada));
  make(ben);
  make(ada, { agent: "clerk" });
  make(ada, { parent: { run: mine[0]!, step: 0, ordinal: 0 } });
  append(mine[1]!, { type: "run.started" }, { type: "run.completed", output });
  change(mine[1]!, { output: "Done." });
  const list = async (params: object, key = "ada") =>
    (await call("ListTasks", params, { key })).body.result as Page;
  const idsOf = ({ tasks }: Page) => tasks.map(({ id }) => id);
  const first = await list({ pageSize: 3 });
  expect(idsOf(first)).toEqual([mine[4], mine[3], mine[2]]);
  expect(first).toMatchObject({ pageSize: 3, totalSize: 5 });
  expect(first.tasks[0]).not.toHaveProperty("artifacts");
  expect(first.tasks[0]).not.toHaveProperty("history");
  const rest = await list({ pageSize: 3, pageToken: first.nextPageToken });
  expect(idsOf(rest)).toEqual([mine[1], mine[0]]);
  expect(rest.nextPageToken).toBe("");
  const done = await list({ status: "TASK_STATE_COMPLETED", includeArtifacts: true });
  expect(done).toMatchObject({ totalSize: 1, tasks: [{ artifacts: [{}] }] });
  expect(idsOf(await list({ contextId: mine[2] }))).toEqual([mine[2]]);
  expect(idsOf(await list({ statusTimestampAfter: "2100-01-01T00:00:00Z" }))).toEqual([]);
  expect((await list({}, "test-admin-key")).totalSize).toBe(6);
  expect((await list({}, "eve")).totalSize).toBe(0);
  for (const params of [{ pageSize: 0 }, { pageSize: 101 }, { status: "TASK_STATE_RUNNING" }])
    expect((await call("ListTasks", params)).body.error.code).toBe(-32602);
  expect((await call("ListTasks", { pageToken: "x" })).body.error.code).toBe(-32602);
});
