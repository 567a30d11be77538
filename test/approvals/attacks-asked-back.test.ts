import type { ServerResponse } from "node:http";
import { expect, test, vi } from "vitest";
import { starterRules } from "../../src/model/starter-rules.ts";
import { startHttpFixture } from "../mcp/fixture-http.ts";
import { answerCall } from "../mcp/hostile-http.ts";
import {
  agreed,
  endOf,
  openAttackScene,
  sendOnce,
  stateOf,
  whoOf,
  type AttackScene,
  type Json,
  type Sent,
} from "./attack-scene.ts";

vi.setConfig({ testTimeout: 20_000 });

const both = { elicitation: { url: {}, form: {} } };
const base: Sent = { args: { to: "ann", amount: 10 }, capabilities: both };
const send = async ({ gate }: AttackScene, sent: Sent = base) => sendOnce(gate.url, sent);
const form = { mode: "form", message: "Which account?", requestedSchema: { type: "object" } };
const which = { which: { action: "accept", content: { account: "1" } } };

/** Asks once for each call, with a state of its own or without any. */
function askBack(requestState: string | null) {
  return (call: Json, outgoing: ServerResponse): void => {
    const params = call["params"] as Json;
    if (params["name"] !== "pay" || params["inputResponses"] !== undefined)
      return answerCall(call, outgoing, "done");
    const result = {
      resultType: "input_required",
      inputRequests: { which: { method: "elicitation/create", params: form } },
      ...(requestState === null ? {} : { requestState }),
    };
    outgoing.writeHead(200, { "content-type": "application/json" });
    outgoing.end(JSON.stringify({ jsonrpc: "2.0", id: call["id"], result }));
  };
}

/** Approved and sent; the server has asked. What is brought back then is not answered yet. */
async function untilAsked(scene: AttackScene, sent: Sent = base): Promise<Sent> {
  const state = stateOf(await send(scene, sent));
  const one = (await scene.waiting()).at(-1)!;
  expect((await scene.decide(one)).status).toBe(200);
  const asked = await send(scene, { ...sent, state, responses: agreed });
  expect(asked).toMatchObject({ result: { inputRequests: { which: { params: form } } } });
  return { ...sent, state: stateOf(asked), responses: which };
}

test.each(["of the server", null])(
  "I3: a call whose server asks back goes on once under the yes it used (state %s)",
  async (requestState) => {
    const scene = await openAttackScene({ onCall: askBack(requestState) });
    const back = await untilAsked(scene, { ...base, meta: { "example.com/note": "one" } });
    const others: readonly Sent[] = [
      { ...back, args: { to: "bob", amount: 10 } },
      { ...back, meta: { "example.com/note": "two" } },
      { ...back, meta: {} },
    ];
    for (const other of others) expect(endOf(await send(scene, other))).toBe("-32602");
    expect(scene.sent()).toHaveLength(1);
    const many = await Promise.all(Array.from({ length: 10 }, () => send(scene, back)));
    expect(many.map(endOf).toSorted()).toEqual([...Array<string>(9).fill("-32602"), "done"]);
    const other = { which: { action: "accept", content: { account: "2" } } };
    expect(endOf(await send(scene, { ...back, responses: other }))).toBe("-32602");
    expect(endOf(await send(scene, { ...back, state: undefined }))).toBe("input_required");
    expect(scene.server.calls).toHaveLength(2);
    expect(scene.server.calls[1]!["params"]).toMatchObject({ inputResponses: which });
  },
);

test("I3: the state of a call that went on is not good again once its key is forgotten", async () => {
  const config = { approvals: { expire: "1m", keys: "1m" } };
  const scene = await openAttackScene({ onCall: askBack("of the server"), config });
  const back = await untilAsked(scene);
  expect(endOf(await send(scene, back))).toBe("done");
  scene.gate.shift(2 * 60_000);
  expect(endOf(await send(scene, back))).toBe("-32602");
  expect(scene.sent()).toHaveLength(2);
});

test("I3: answers that came before any question go nowhere, approved or not", async () => {
  const scene = await openAttackScene({ onCall: askBack("of the server") });
  const early = { ...base, responses: { ...which, ...agreed } };
  const state = stateOf(await send(scene, early));
  const [one] = await scene.waiting();
  expect(one!.state).toBe("pending");
  await scene.decide(one!);
  expect(endOf(await send(scene, { ...early, state }))).toBe("input_required");
  expect(scene.server.calls[0]!["params"]).not.toHaveProperty("inputResponses");
});

const labelled = `${starterRules}
@id("tainted-finance")
@ask("It has read what anybody could have written.")
@approvers("role:finance")
forbid (principal, action in Action::"write", resource)
when { context.labels.contains("untrusted") }
unless { context.approval.granted };`;

test("I3: what is read while the server's question waits counts: others are asked, or it is a no", async () => {
  const scene = await openAttackScene({ rules: labelled, onCall: askBack("of the server") });
  const back = await untilAsked(scene);
  expect(endOf(await send(scene, { tool: "bank__look" }))).toBe("done");
  const asked = await send(scene, back);
  expect(asked).toMatchObject({ result: { inputRequests: { approval: {} } } });
  const one = (await scene.waiting()).at(-1)!;
  expect(whoOf(one)).toEqual(["role:approver", "role:finance"]);
  expect(endOf(await send(scene, { tool: "bank__peek" }))).toBe("done");
  expect(endOf(await send(scene, back))).toBe("denied");
  expect(scene.sent()).toHaveLength(3);
});

test("I3: a call that is parked at a legacy server goes on once under the yes it used", async () => {
  const legacy = await startHttpFixture("legacy");
  const servers = { bank: { transport: "http", url: legacy.url, private: true } };
  const scene = await openAttackScene({ config: { servers } });
  const elicit = { tool: "bank__elicit", capabilities: both };
  const state = stateOf(await send(scene, elicit));
  const [one] = await scene.waiting();
  await scene.decide(one!);
  const asked = await send(scene, { ...elicit, state, responses: agreed });
  const { inputRequests } = asked["result"] as { inputRequests: Json };
  const [name] = Object.keys(inputRequests);
  const responses = { [name!]: { action: "accept", content: { name: "Ada" } } };
  const back = { ...elicit, state: stateOf(asked), responses };
  expect(endOf(await send(scene, { ...back, meta: { "example.com/x": 1 } }))).toBe("-32602");
  const many = await Promise.all(Array.from({ length: 10 }, () => send(scene, back)));
  expect(many.map(endOf).toSorted()).toEqual(["done", ...Array<string>(9).fill("parked_lost")]);
  const calls = legacy.requests.filter(({ method }) => method === "tools/call");
  expect(calls).toHaveLength(1);
  expect(endOf(await send(scene, { ...elicit, state, responses: agreed }))).toBe("consumed");
});
