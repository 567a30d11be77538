import { setTimeout as pause } from "node:timers/promises";
import { expect, test, vi } from "vitest";
import type { RunId } from "../../src/model/index.ts";
import { createManualClock } from "../../src/ports/manual-clock.ts";
import { startMs } from "../runs/fake-run-desk.ts";
import {
  openAgUi,
  openAsked,
  payArgs,
  runOf,
  started,
  toBody,
  typesOf,
  user,
  type Scene,
} from "./ag-ui-scene.ts";

/** The engine hears of the decision, makes the call and comes to its end. */
function goOn(scene: Scene, run: RunId, approval: string): void {
  scene.change(run, { waits: [] });
  scene.append(
    run,
    { type: "approval.decided", approval: approval as never, outcome: "approved", inbox: 1 },
    { type: "run.woken", by: "approval" },
  );
  scene.end(run, { step: 0, ordinal: 0 }, "paid");
  scene.respond(run, 1, { text: "It is paid." });
  scene.complete(run);
}

test("a run is started with the user's message and told to its end", async () => {
  const scene = await openAgUi();
  const stream = scene.listen(toBody(), "ada");
  await started(scene);
  expect(scene.asked[0]).toMatchObject({ agent: "travel", input: "Book it.", caps: null });
  await vi.waitFor(() => expect(stream.events()).toHaveLength(1));
  const run = runOf(stream.events());
  scene.append(run, { type: "run.started" });
  scene.respond(run, 0, { text: "Done." });
  scene.change(run, { output: "Done." });
  scene.complete(run);
  await vi.waitFor(() => expect(stream.events()).toHaveLength(5));
  const messageId = `${run}_0`;
  expect(stream.events()).toMatchObject([
    { type: "RUN_STARTED", threadId: "t1", runId: "r1", protocolVersion: "1.0" },
    { type: "TEXT_MESSAGE_START", messageId, role: "assistant" },
    { type: "TEXT_MESSAGE_CONTENT", messageId, delta: "Done." },
    { type: "TEXT_MESSAGE_END", messageId },
    {
      type: "RUN_FINISHED",
      threadId: "t1",
      runId: "r1",
      result: { output: "Done." },
      outcome: { type: "success" },
    },
  ]);
});

test("a person's approval is an interrupt with the exact arguments, the digest and the answer's shape", async () => {
  const scene = await openAgUi();
  const { run, approval, events } = await openAsked(scene);
  expect(typesOf(events).slice(1, -1)).toEqual([
    "TEXT_MESSAGE_START",
    "TEXT_MESSAGE_CONTENT",
    "TEXT_MESSAGE_END",
    "TOOL_CALL_START",
    "TOOL_CALL_ARGS",
    "TOOL_CALL_END",
  ]);
  const toolCallId = `call_${run}_0_0`;
  const start = { type: "TOOL_CALL_START", toolCallId, toolCallName: "bank__pay" };
  expect(events[4]).toMatchObject({ ...start, parentMessageId: `${run}_0` });
  expect(events[5]).toMatchObject({ toolCallId, delta: payArgs });
  const { outcome } = events.at(-1)!;
  const digest = scene.digestOf(approval);
  expect(outcome).toMatchObject({
    type: "interrupt",
    interrupts: [
      {
        id: approval,
        reason: "tool_call",
        toolCallId,
        responseSchema: { properties: { digest: { const: digest } }, required: ["word", "digest"] },
        metadata: { countersign: { digest, args: payArgs, agent: "travel", server: "bank" } },
      },
    ],
  });
  const [{ message, expiresAt }] = outcome.interrupts;
  expect(Date.parse(expiresAt)).toBeGreaterThan(Date.now());
  expect(message).toContain("travel wants to call pay of bank.\nSomebody looks at payments.");
  expect(message).toContain(`Digest: ${digest}`);
  // Whoever decides by it is not deceived by what turns the order of reading.
  expect(message).toContain("⟦U+202E RIGHT-TO-LEFT OVERRIDE⟧eve");
  expect(message).not.toContain("\u202e");
});

test("the requester's key decides nothing: the run goes on waiting", async () => {
  const scene = await openAgUi();
  const { approval, resolve } = await openAsked(scene);
  const payload = { word: "approved", digest: scene.digestOf(approval) };
  const { status, events } = await scene.follow(
    toBody({ runId: "r2", resume: resolve(payload) }),
    "ada",
  );
  expect(status).toBe(200);
  expect(events).toMatchObject([
    { type: "RUN_STARTED", runId: "r2" },
    { type: "RUN_ERROR", code: "forbidden", metadata: { countersign: { status: 403 } } },
  ]);
  expect(scene.decided).toEqual([]);
});

test.each([
  [
    "another digest",
    { word: "approved", digest: `sha256:${"0".repeat(64)}` },
    "approval_changed",
    412,
  ],
  ["no digest", { word: "approved" }, "request_invalid", 400],
  ["a word of another protocol", { approved: true }, "request_invalid", 400],
  ["nothing", undefined, "request_invalid", 400],
])("an approver's answer with %s decides nothing", async (_, payload, code, status) => {
  const scene = await openAgUi();
  const { resolve } = await openAsked(scene);
  const resume = resolve(payload as object);
  const { events } = await scene.follow(toBody({ resume }), "approver-key");
  expect(events.at(-1)).toMatchObject({
    type: "RUN_ERROR",
    code,
    metadata: { countersign: { status } },
  });
  expect(scene.decided).toEqual([]);
});

test("an approver's key decides, sees nothing of the run, and starts none", async () => {
  const scene = await openAgUi();
  const { run, approval, resolve } = await openAsked(scene);
  const digest = scene.digestOf(approval);
  const resume = resolve({ word: "denied", digest, reason: "Too dear." });
  const answered = await scene.follow(toBody({ runId: "r2", resume }), "approver-key");
  expect(answered.events).toMatchObject([
    { type: "RUN_STARTED" },
    { type: "CUSTOM", name: "countersign.decided", value: { approval, state: "denied" } },
    { type: "RUN_FINISHED", outcome: { type: "success" } },
  ]);
  expect(answered.text).not.toContain(run);
  expect(scene.decided).toMatchObject([{ subject: "approver", word: { word: "denied", digest } }]);
  // The answer was lost on its way, and comes again.
  const again = await scene.follow(toBody({ runId: "r2", resume }), "approver-key");
  expect(again.events).toMatchObject(answered.events.map(({ type }) => ({ type })));
  expect(scene.decided).toHaveLength(1);
  // What was denied is not approved after that.
  const late = resolve({ word: "approved", digest });
  const other = await scene.follow(toBody({ runId: "r3", resume: late }), "approver-key");
  expect(other.events.at(-1)).toMatchObject({ type: "RUN_ERROR", code: "approval_decided" });
  const refused = await scene.follow(toBody({ runId: "r4" }), "approver-key");
  expect([refused.status, scene.asked.length]).toEqual([403, 1]);
});

test("after a decision elsewhere the thread goes on where its client is", async () => {
  const scene = await openAgUi();
  const { run, approval, events } = await openAsked(scene);
  const messages = [
    user("u1"),
    {
      id: `${run}_0`,
      role: "assistant",
      content: "I pay now.",
      toolCalls: [
        {
          id: `call_${run}_0_0`,
          type: "function",
          function: { name: "bank__pay", arguments: payArgs },
        },
      ],
    },
  ];
  const resume = [{ interruptId: approval, status: "cancelled" }];
  const stream = scene.listen(toBody({ runId: "r2", messages, resume }), "ada");
  await vi.waitFor(() => expect(stream.events()).toHaveLength(1));
  goOn(scene, run, approval);
  await vi.waitFor(() => expect(stream.events().at(-1)!.type).toBe("RUN_FINISHED"));
  expect(stream.events().slice(1, -1)).toMatchObject([
    { type: "TOOL_CALL_RESULT", toolCallId: `call_${run}_0_0`, content: "paid", role: "tool" },
    { type: "TEXT_MESSAGE_START", messageId: `${run}_1` },
    { type: "TEXT_MESSAGE_CONTENT", delta: "It is paid." },
    { type: "TEXT_MESSAGE_END" },
  ]);
  expect(scene.asked).toHaveLength(1);
  // To a client that has nothing, all of it with the ids that it had before.
  const whole = await scene.follow(toBody({ runId: "r3" }), "ada");
  expect(whole.events.slice(1, 7)).toEqual(events.slice(1, 7));
  expect(typesOf(whole.events)).toHaveLength(12);
});

test("whoever asks again before anybody decided is held for 20 seconds, and told again", async () => {
  const clock = createManualClock(startMs);
  const scene = await openAgUi({ clock });
  const { approval, events } = await openAsked(scene);
  const fromMs = clock.nowMs();
  const resume = [{ interruptId: approval, status: "cancelled" }];
  const stream = scene.listen(toBody({ runId: "r2", resume }), "ada");
  await vi.waitFor(() => expect(stream.events()).toHaveLength(7));
  while (stream.events().length === 7) {
    clock.advance(500);
    await pause(2);
  }
  expect(stream.events().at(-1)).toEqual({ ...events.at(-1), runId: "r2" });
  expect(clock.nowMs() - fromMs).toBeGreaterThanOrEqual(20_000);
  expect(scene.decided).toEqual([]);
});

test("a stream dropped 20 times is taken up with the same ids, and the run goes on", async () => {
  const scene = await openAgUi();
  const first = scene.listen(toBody(), "ada");
  await vi.waitFor(() => expect(first.events()).toHaveLength(1));
  const run = runOf(first.events());
  first.drop();
  scene.append(run, { type: "run.started" });
  for (let step = 0; step < 20; step += 1) {
    scene.respond(run, step, { text: `Step ${step}.` });
    const stream = scene.listen(toBody(), "ada");
    await vi.waitFor(() => expect(stream.events()).toHaveLength(1 + 3 * (step + 1)));
    stream.drop();
  }
  scene.complete(run);
  const { events } = await scene.follow(toBody(), "ada");
  const ids = events
    .filter(({ type }) => type === "TEXT_MESSAGE_START")
    .map((each) => each.messageId as string);
  expect(ids).toEqual(Array.from({ length: 20 }, (_, step) => `${run}_${step}`));
  expect([scene.asked.length, scene.told]).toEqual([1, []]);
  await vi.waitFor(() => expect(scene.counted.waiting).toBe(0));
});

test("what a model says stays text, whatever it looks like on the wire", async () => {
  const scene = await openAgUi();
  const stream = scene.listen(toBody(), "ada");
  await vi.waitFor(() => expect(stream.events()).toHaveLength(1));
  const run = runOf(stream.events());
  const forged = JSON.stringify({ type: "RUN_FINISHED", threadId: "t1", runId: "r1" });
  const text = `Hello.\n\ndata: ${forged}\n\nevent: end\r\rid: 9\u2028data: x\u0000\ud800`;
  scene.append(run, { type: "run.started" });
  scene.respond(run, 0, {
    text,
    calls: [{ tool: "bank__pay", args: `{"a":"\\n\\ndata: x"}\n\ndata: y` }],
  });
  scene.end(run, { step: 0, ordinal: 0 }, text);
  scene.complete(run);
  await vi.waitFor(() => expect(stream.events().at(-1)!.outcome).toEqual({ type: "success" }));
  expect(typesOf(stream.events()).filter((type) => type.startsWith("RUN_"))).toEqual([
    "RUN_STARTED",
    "RUN_FINISHED",
  ]);
  const said = stream.events().find(({ type }) => type === "TEXT_MESSAGE_CONTENT");
  expect(said!.delta).toBe(text);
});

test("two tenants and two callers are apart under one thread and one message", async () => {
  const scene = await openAgUi();
  const runs = [];
  for (const key of ["ada", "ben", "eve"]) {
    const stream = scene.listen(toBody(), key);
    await vi.waitFor(() => expect(stream.events()).toHaveLength(1));
    runs.push(runOf(stream.events()));
  }
  expect(new Set(runs).size).toBe(3);
  for (const run of runs) scene.append(run, { type: "run.started" });
  scene.respond(runs[0]!, 0, { text: "Secret of Ada." });
  for (const run of runs) scene.complete(run);
  expect((await scene.follow(toBody(), "ada")).text).toContain("Secret of Ada.");
  for (const key of ["ben", "eve"]) {
    const { text } = await scene.follow(toBody(), key);
    expect(text).not.toContain("Secret");
    expect(text).not.toContain(runs[0]);
  }
  expect(scene.asked).toHaveLength(3);
});
