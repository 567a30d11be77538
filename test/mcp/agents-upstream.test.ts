import { expect, test } from "vitest";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { agentKeyMember, listServers } from "../../src/model/agents-server.ts";
import { agentServer, toAgentTool } from "../../src/model/agent-tool.ts";
import type { UpstreamCaller, UpstreamRequest } from "../../src/ports/upstream.ts";
import { createAgentsConnector } from "../../src/run/agents-upstream.ts";
import { toFreshAnswer } from "../../src/run/to-agent-answer.ts";
import { Fault } from "../../src/model/index.ts";
import { openAgentsScene, own, toTask } from "./agents-scene.ts";

const principal = { tenant: own, kind: "service", subject: "caller", actor: null } as const;
const leftMs = 60_000;

/** The server of our own, before runs that nobody carries on. */
async function open() {
  const scene = await openAgentsScene({ isIdle: true });
  const config = listServers(scene.config)[agentServer]!;
  const connector = createAgentsConnector({
    desk: () => scene.desk,
    freezes: scene.gate.base.freezes,
    clock: systemClock,
    urlOf: (id: string) => `https://here.example/approvals/${id}`,
    version: "1.2.3",
  });
  const target = {
    server: agentServer,
    config,
    endpoint: "0",
    subject: "",
    headers: {},
    present: null,
    environment: {},
    egressCredentials: [],
    redact: (text: string) => text,
    onChange: () => undefined,
    onClose: () => undefined,
  };
  const { signal } = new AbortController();
  const upstream = await connector.connect(target, signal);
  const request = (more: Partial<UpstreamRequest>): UpstreamRequest => ({
    method: "tools/call",
    meta: { [agentKeyMember]: "k" },
    name: "clerk",
    params: {},
    members: `"name":"clerk","arguments":${JSON.stringify({ task: toTask({}) })}`,
    client: {},
    credential: null,
    beforeWrite: () => undefined,
    signal,
    onNotification: () => undefined,
    onAsk: () => Promise.reject(new Error("asked")),
    caller: toCaller(leftMs),
    ...more,
  });
  const send = async (more: Partial<UpstreamRequest>) => {
    const answer = await upstream.send(request(more));
    if (answer.kind === "error") throw new Error(answer.error.message);
    const { content, structuredContent } = answer.value as {
      readonly content: readonly { readonly text: string }[];
      readonly structuredContent: { readonly run: string; readonly state: string };
    };
    return { ...structuredContent, text: content[0]!.text };
  };
  return { scene, upstream, send };
}

function toCaller(withinMs: number): UpstreamCaller {
  const untilMs = systemClock.nowMs() + withinMs;
  return { principal, roles: [], run: null, untilMs: () => untilMs };
}

test("it lists the agents as they are pinned, and has no other methods", async () => {
  const { upstream } = await open();
  const common = { caller: undefined as never, meta: {}, name: null, params: {}, members: "" };
  const listed = await upstream.send({
    ...common,
    method: "tools/list",
    client: {},
    credential: null,
    beforeWrite: () => undefined,
    signal: new AbortController().signal,
    onNotification: () => undefined,
    onAsk: () => Promise.reject(new Error("asked")),
  });
  const { definition } = toAgentTool("clerk", "Does what it is told.");
  expect(listed).toMatchObject({ kind: "result", value: { tools: [definition] } });
  const { send } = await open();
  await expect(send({ method: "prompts/list" })).rejects.toThrow("no method prompts/list");
});

test("before the call's time is over its caller is told how far the run is", async () => {
  const { scene, send } = await open();
  const told = await send({ caller: toCaller(1_050) });
  expect(told.state).toBe("queued");
  expect(told.text).toContain("It goes on without this call.");
  expect(told.text).toContain(`countersign runs show ${told.run}`);
  // Also one that has no time at all has started it, and the same key means the same run.
  expect(await send({ caller: toCaller(0) })).toMatchObject({ run: told.run });
  expect(await scene.runs()).toHaveLength(1);
});

test("a cancelled call does not cancel the run, and says so", async () => {
  const { scene, send, upstream } = await open();
  const cut = new AbortController();
  const answer = send({ signal: cut.signal });
  expect(upstream.outstanding).toBe(1);
  cut.abort();
  const { run, text } = await answer;
  expect(text).toContain("The call was cancelled, which does not cancel the run.");
  expect(upstream.outstanding).toBe(0);
  const [row] = await scene.runs();
  expect(row).toMatchObject({ run, ended: false });
});

test("when its revision ends, whoever waits is told at once", async () => {
  const { send, upstream } = await open();
  const answer = send({});
  await upstream.close();
  expect((await answer).text).toContain("It goes on without this call.");
});

test("nothing is started once the call is late or stopped", async () => {
  const { scene, send } = await open();
  const beforeWrite = (): never => {
    throw new Error("stopped");
  };
  await expect(send({ beforeWrite })).rejects.toThrow("stopped");
  expect(await scene.runs()).toEqual([]);
});

test("an agent that is not there any more is a refusal", async () => {
  const { scene, send } = await open();
  expect((await send({ name: "gone" })).text).toContain("There is no agent of this name.");
  expect(await scene.runs()).toEqual([]);
});

test("of a run that somebody paused nobody is told that it goes on by itself", async () => {
  const { scene, send } = await open();
  const { run } = await scene.start({ key: "k" });
  const read = scene.desk.read;
  scene.desk.read = async (...of) => ({ ...(await read(...of)), state: "paused" });
  const told = await send({});
  expect(told).toMatchObject({ run, state: "paused" });
  expect(told.text).toContain("It does not go on by itself.");
  expect(told.text).not.toContain("goes on without");
});

test("a key whose run is gone, as old ones are, tells what was told before", async () => {
  const { scene, send } = await open();
  const told = await send({ caller: toCaller(0) });
  const kept = JSON.stringify({ structuredContent: { run: told.run, state: "queued" } });
  const options = { desk: () => scene.desk, urlOf: (id: string) => id };
  expect((await toFreshAnswer(options, own, kept))?.run).toBe(told.run);
  scene.desk.read = async () => Promise.reject(new Fault("not_found", "There is no such run."));
  expect(await toFreshAnswer(options, own, kept)).toBeNull();
  scene.desk.read = async () => Promise.reject(new Fault("store_unavailable", "Away."));
  await expect(toFreshAnswer(options, own, kept)).rejects.toThrow("Away.");
});
