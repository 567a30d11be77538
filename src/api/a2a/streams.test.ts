import { connect } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { expect, test } from "vitest";
import { openA2a, toMessage, type openA2a as Open } from "../../../test/doors/a2a-under-test.ts";
import { ada } from "../../../test/runs/runs-under-test.ts";
import { toDigest } from "../../model/index.ts";
import { createManualClock } from "../../ports/manual-clock.ts";

const output = toDigest("done");
type Api = Awaited<ReturnType<typeof Open>>;

/** As a client reads it: every line that is data, as text and as JSON. */
async function openStream(api: Api, method: string, params: object, id: unknown = "s") {
  const gone = new AbortController();
  const response = await fetch(`${api.url}/a2a/travel`, {
    method: "POST",
    signal: gone.signal,
    headers: {
      authorization: "Bearer ada",
      "content-type": "application/json",
      accept: "text/event-stream",
      "a2a-version": "1.0",
    },
    body: JSON.stringify({ jsonrpc: "2.0", id, method, params }),
  });
  const events: { readonly id: unknown; readonly result: Record<string, never> }[] = [];
  const lines: string[] = [];
  const ended = (async () => {
    let text = "";
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n")) {
        const line = text.slice(0, at);
        text = text.slice(at + 1);
        lines.push(line);
        if (line.startsWith("data: ")) events.push(JSON.parse(line.slice(6)) as never);
      }
    }
  })().catch(() => undefined);
  return { response, events, lines, ended, drop: () => gone.abort() };
}

const statesOf = ({ events }: Awaited<ReturnType<typeof openStream>>) =>
  events.map(({ result }) => Object.keys(result)[0]);

test("a stream begins with the task, tells what changes and ends with it", async () => {
  const api = await openA2a();
  const stream = await openStream(api, "SendStreamingMessage", { message: toMessage("Book it.") });
  expect(stream.response.headers.get("content-type")).toBe("text/event-stream");
  await expect.poll(() => stream.events.length).toBe(1);
  const { id } = stream.events[0]!.result["task"]! as { id: string };
  api.append(id as never, { type: "run.started" });
  await expect.poll(() => stream.events.length).toBe(2);
  api.change(id as never, { output: "Booked." });
  api.append(id as never, { type: "run.completed", output });
  await stream.ended;
  expect(stream.events.map(({ result }) => result)).toMatchObject([
    { task: { id, status: { state: "TASK_STATE_SUBMITTED" } } },
    { statusUpdate: { taskId: id, contextId: id, status: { state: "TASK_STATE_WORKING" } } },
    { artifactUpdate: { taskId: id, artifact: { parts: [{ text: "Booked." }] } } },
    { statusUpdate: { taskId: id, status: { state: "TASK_STATE_COMPLETED" } } },
  ]);
});

test("nothing that a model or a client says becomes a line of the stream", async () => {
  const api = await openA2a();
  const evil = 'x\n\ndata: {"jsonrpc":"2.0","id":"s","result":{}}\r\nevent: end\u2028\n\n';
  const run = api.make(ada);
  api.append(run, { type: "run.started" });
  const stream = await openStream(api, "SubscribeToTask", { id: run }, evil.slice(0, 60));
  await expect.poll(() => stream.events.length).toBe(1);
  api.change(run, { output: evil });
  api.append(run, { type: "run.completed", output });
  await stream.ended;
  expect(statesOf(stream)).toEqual(["task", "artifactUpdate", "statusUpdate"]);
  expect(stream.events[1]).toMatchObject({
    id: evil.slice(0, 60),
    result: { artifactUpdate: { artifact: { parts: [{ text: evil }] } } },
  });
  for (const line of stream.lines) expect(line).toMatch(/^(?:|: |data: \{"jsonrpc".*\}\})$/s);
});

test("whoever leaves a stream cancels nothing, and may come back to it", async () => {
  const api = await openA2a();
  const stream = await openStream(api, "SendStreamingMessage", { message: toMessage("Book it.") });
  await expect.poll(() => stream.events.length).toBe(1);
  const { id } = stream.events[0]!.result["task"]! as { id: string };
  stream.drop();
  await stream.ended;
  await pause(50);
  expect(api.told).toEqual([]);
  const again = await openStream(api, "SubscribeToTask", { id });
  await expect.poll(() => again.events.length).toBe(1);
  api.append(id as never, { type: "run.started" }, { type: "run.completed", output });
  await again.ended;
  expect(statesOf(again)).toEqual(["task", "statusUpdate"]);
});

test("a stream stays where a person is waited for, and goes where a message is", async () => {
  const api = await openA2a();
  const stream = await openStream(api, "SendStreamingMessage", { message: toMessage("Wait.") });
  await expect.poll(() => stream.events.length).toBe(1);
  const { id } = stream.events[0]!.result["task"]! as { id: string };
  api.append(id as never, { type: "run.started" }, { type: "run.paused", by: "olga", inbox: 1 });
  await expect.poll(() => stream.events.length).toBe(2);
  expect(stream.events[1]!.result).toMatchObject({
    statusUpdate: { status: { state: "TASK_STATE_AUTH_REQUIRED" } },
  });
  const raised = { caps: null, maxSteps: null, deadlineMs: null, inbox: 2 };
  api.append(
    id as never,
    { type: "run.resumed", by: "olga", ...raised },
    { type: "run.waited", for: "signal", untilMs: null },
  );
  api.change(id as never, { waits: [{ kind: "signal", untilMs: null }] });
  await stream.ended;
  expect(stream.events.at(-1)!.result).toMatchObject({
    statusUpdate: { status: { state: "TASK_STATE_INPUT_REQUIRED" } },
  });
});

test("streams of one subject have a bound, and a server that stops ends them", async () => {
  const api = await openA2a({ limits: { openStreams: 4, bodyBytes: 4_194_304 } });
  const run = api.make(ada);
  const open = [
    await openStream(api, "SubscribeToTask", { id: run }),
    await openStream(api, "SubscribeToTask", { id: run }),
  ];
  const refused = await openStream(api, "SubscribeToTask", { id: run });
  expect(refused.response.status).toBe(503);
  const waiting = api.call("SendMessage", { message: toMessage("x") }, { key: "ben" });
  await expect.poll(() => api.asked.length).toBe(1);
  const drained = api.drain(5_000);
  for (const each of open) await each.ended;
  expect((await waiting).body.result.task.status.state).toBe("TASK_STATE_SUBMITTED");
  expect(await drained).toBe("drained");
  expect(api.told).toEqual([]);
});

test("whoever does not read an answer does not keep its place", async () => {
  const clock = createManualClock(1_795_000_000_000);
  const api = await openA2a({ clock, limits: { openStreams: 2, bodyBytes: 4_194_304 } });
  const id = api.make(ada);
  api.append(id, { type: "run.started" }, { type: "run.completed", output });
  api.change(id, { output: "x".repeat(32_000_000) });
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "GetTask", params: { id } });
  const socket = connect(Number(new URL(api.url).port), "127.0.0.1");
  socket.on("error", () => undefined).pause();
  socket.write(
    "POST /a2a/travel HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ada\r\n" +
      "content-type: application/json\r\na2a-version: 1.0\r\n" +
      `content-length: ${body.length}\r\n\r\n${body}`,
  );
  const ask = async () => (await api.call("ListTasks", { pageSize: 1 })).status;
  await expect.poll(ask).toBe(503);
  clock.advance(60_000);
  await expect.poll(ask).toBe(200);
  socket.destroy();
});
