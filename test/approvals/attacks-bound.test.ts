import { expect, test, vi } from "vitest";
import { createSealer } from "../../src/authority/sealer.ts";
import { createRequestStates } from "../../src/gate/request-state.ts";
import { starterRules } from "../../src/model/starter-rules.ts";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { systemRandom } from "../../src/adapters/system/system-random.ts";
import { makeCall } from "../made-up-call.ts";
import { financeKey, otherKey } from "../mcp/gate-under-test.ts";
import { answerCall } from "../mcp/hostile-http.ts";
import {
  agreed,
  endOf,
  openAttackScene,
  paying,
  sendOnce,
  stateOf,
  urlClient,
  whoOf,
  type AttackScene,
  type Json,
  type Sent,
} from "./attack-scene.ts";

vi.setConfig({ testTimeout: 20_000 });

const base: Sent = { args: { to: "ann", amount: 10 } };
const send = async ({ gate }: AttackScene, sent: Sent = base) => sendOnce(gate.url, sent);

/** Asked for in words and approved; nothing was sent yet. */
async function approve(scene: AttackScene, sent: Sent = base): Promise<void> {
  expect(endOf(await send(scene, sent))).toBe("asks");
  const [one, ...others] = await scene.waiting();
  expect(others).toEqual([]);
  expect((await scene.decide(one!)).status).toBe(200);
}

test("I3: a yes is for these arguments, this tool and this metadata, of this caller", async () => {
  const scene = await openAttackScene({
    config: { toolsets: { apart: { servers: ["bank"] } } },
  });
  const meta = { "example.com/note": "one", traceparent: "not a trace" };
  const exact = { ...base, meta };
  await approve(scene, exact);
  const others: readonly Sent[] = [
    { ...exact, args: { to: "ann", amount: 11 } },
    { ...exact, args: { to: "anm", amount: 10 } },
    { ...exact, args: { to: "ann ", amount: 10 } },
    { ...exact, args: { to: "ann\u200b", amount: 10 } },
    { ...exact, args: { to: "ann" } },
    { ...exact, args: { to: "ann", amount: 10, currency: "USD" } },
    { ...exact, args: { to: "ann", amount: 10, more: null } },
    { ...exact, tool: "bank__refund" },
    { ...exact, meta: { ...meta, "example.com/note": "two" } },
    { ...exact, meta: { ...meta, "example.com/more": 1 } },
    { ...exact, meta: { traceparent: "not a trace" } },
    { ...exact, meta: { ...meta, traceparent: "not a trace either" } },
    { ...exact, meta: { ...meta, tracestate: "a=b" } },
    { ...exact, meta: { ...meta, baggage: "to=bob" } },
    { ...exact, key: otherKey },
  ];
  for (const other of others) expect(endOf(await send(scene, other))).toBe("asks");
  expect(scene.sent()).toEqual([]);
  // The same, said in another way, from another of the caller's clients.
  const argsText = '{ "currency":"EUR", "amount":1.0e1,\n"to":"\\u0061nn" }';
  const again = { ...exact, argsText, toolset: "apart" };
  const trace = `00-${"a".repeat(32)}-${"b".repeat(16)}-01`;
  expect(endOf(await send(scene, { ...again, meta: { ...meta, traceparent: trace } }))).toBe(
    "asks",
  );
  expect(endOf(await send(scene, { ...again, meta: { ...meta, progressToken: "p" } }))).toBe(
    "done",
  );
  expect(scene.sent()).toEqual([{ to: "ann", amount: 10, currency: "EUR" }]);
  expect(endOf(await send(scene, exact))).toBe("asks");
});

test("I3: what names one sending is another each time, and is not what was agreed to", async () => {
  const scene = await openAttackScene();
  const trace = (one: string) => `00-${one.repeat(32)}-${one.repeat(16)}-01`;
  await approve(scene, { ...base, meta: { traceparent: trace("1"), progressToken: 1 } });
  const meta = { traceparent: trace("2"), progressToken: "x", "dev.countersign/claim": "Please." };
  expect(endOf(await send(scene, { ...base, meta }))).toBe("done");
  expect(scene.sent()).toHaveLength(1);
});

test("I3: state is for its own call, caller, toolset and context, of our making", async () => {
  const scene = await openAttackScene({
    config: { toolsets: { apart: { servers: ["bank"] } } },
  });
  const asked = { ...base, capabilities: urlClient };
  const state = stateOf(await send(scene, asked));
  const [one] = await scene.waiting();
  await scene.decide(one!);
  const back = { ...asked, state, responses: agreed };
  const foreign = createRequestStates({
    sealer: createSealer([systemRandom.bytes(32)], systemRandom),
    clock: systemClock,
    lifeMs: 60_000,
  }).seal(makeCall(), { kind: "approval", id: one!.id as never });
  const attacks: readonly Sent[] = [
    { ...back, args: { to: "bob", amount: 10 } },
    { ...back, args: { to: "ann", amount: 10.5 } },
    { ...back, tool: "bank__refund" },
    { ...back, key: otherKey },
    { ...back, toolset: "apart" },
    { ...back, meta: { "dev.countersign/context": "another" } },
    { ...back, state: foreign },
    { ...back, state: `${state}A` },
    { ...back, state: `${state}=` },
    { ...back, state: `${state.slice(0, 40)}${state[40] === "A" ? "B" : "A"}${state.slice(41)}` },
    { ...back, state: one!.id },
    { ...back, state: { id: one!.id } },
    { ...back, state: 1 },
    { ...back, responses: [] as never },
  ];
  for (const attack of attacks) expect(endOf(await send(scene, attack))).toBe("-32602");
  expect(scene.sent()).toEqual([]);
  expect(endOf(await send(scene, back))).toBe("done");
  expect(scene.server.calls.map(({ params }) => Object.keys(params as Json).toSorted())).toEqual([
    ["_meta", "arguments", "name"],
  ]);
  // Replayed: by itself, in parallel, and with what its server was never asked.
  expect(endOf(await send(scene, back))).toBe("consumed");
  const many = await Promise.all(Array.from({ length: 20 }, () => send(scene, back)));
  expect(new Set(many.map(endOf))).toEqual(new Set(["consumed"]));
  expect(scene.sent()).toHaveLength(1);
});

test("I3: metadata that changed comes back as another action, and the yes is void", async () => {
  const scene = await openAttackScene();
  const asked = { ...base, capabilities: urlClient, meta: { "example.com/to": "ann" } };
  const state = stateOf(await send(scene, asked));
  const [one] = await scene.waiting();
  await scene.decide(one!);
  const back = { ...asked, state, responses: agreed };
  const other = await send(scene, { ...back, meta: { "example.com/to": "bob" } });
  expect(endOf(other)).toBe("changed");
  expect(endOf(await send(scene, back))).toBe("voided");
  expect(scene.sent()).toEqual([]);
});

const labelled = `${starterRules}
@id("tainted-finance")
@ask("It has read what anybody could have written.")
@approvers("role:finance")
forbid (principal, action in Action::"write", resource)
when { context.labels.contains("untrusted") }
unless { context.approval.granted };`;

test("I3: what the caller read after the yes counts, too: others are asked, or it is a no", async () => {
  const scene = await openAttackScene({ rules: labelled });
  const asked = { ...base, capabilities: urlClient };
  const state = stateOf(await send(scene, asked));
  await approve(scene);
  const back = { ...asked, state, responses: agreed };
  expect(endOf(await send(scene, { tool: "bank__look" }))).toBe("done");
  expect(endOf(await send(scene, base))).toBe("asks");
  const [one, ...others] = await scene.waiting();
  expect(others).toEqual([]);
  expect(whoOf(one!)).toEqual(["role:approver", "role:finance"]);
  expect((await scene.decide(one!)).body["state"]).toBe("pending");
  expect(endOf(await send(scene, back))).toBe("changed");
  expect((await scene.decide(one!, "approved", { key: financeKey })).body["state"]).toBe(
    "approved",
  );
  expect(endOf(await send(scene, { tool: "bank__peek" }))).toBe("done");
  expect(endOf(await send(scene, base))).toBe("denied");
  expect(scene.sent()).toEqual([{}, {}]);
});

test("the role that a rule names decides, one person counts once, and each rule's are asked", async () => {
  const rules = `@id("all") permit (principal, action, resource);
@id("two") @ask("Two of finance.") @approvers("role:finance") @quorum("2")
forbid (principal, action == Action::"bank__pay", resource) unless { context.approval.granted };
@id("any") @ask("Anybody.")
forbid (principal, action == Action::"bank__pay", resource) unless { context.approval.granted };`;
  const scene = await openAttackScene({ rules });
  await send(scene);
  const [one] = await scene.waiting();
  const by = async (key?: string) =>
    (await scene.decide(one!, "approved", key === undefined ? {} : { key })).status;
  expect([await by(), await by(financeKey), await by(financeKey), await by()]).toEqual([
    200, 200, 409, 409,
  ]);
  expect((await scene.tell(`approvals/${one!.id}`)).body["state"]).toBe("pending");
  expect(endOf(await send(scene))).toBe("asks");
  expect(scene.sent()).toEqual([]);
  await scene.apply(rules.replace('@ask("Anybody.")', '@ask("Them.") @approvers("user:fin")'));
  await send(scene);
  const two = (await scene.waiting()).at(-1)!;
  expect(await scene.decide(two)).toMatchObject({
    status: 403,
    body: { error: { message: expect.stringContaining("user:fin") } },
  });
});

test("I3: a call that stands in line with its yes is not made once its tool is another one", async () => {
  const first = Promise.withResolvers<void>();
  const arrived = Promise.withResolvers<void>();
  const scene = await openAttackScene({
    bank: { concurrency: 1 },
    onCall(call, outgoing) {
      arrived.resolve();
      void first.promise.then(() => answerCall(call, outgoing, "done"));
    },
  });
  await approve(scene);
  const other = { ...base, args: { to: "bob", amount: 1 } };
  await approve(scene, other);
  const holding = send(scene);
  await arrived.promise;
  const standing = send(scene, other);
  // By then it stands in line; if it were slower, it would be asked about anew.
  for (let looks = 0; looks < 3; looks += 1) await scene.waiting();
  await scene.become(paying({ description: "Pays somebody else." }));
  first.resolve();
  expect(endOf(await holding)).toBe("done");
  expect(["tool_blocked", "asks"]).toContain(endOf(await standing));
  expect(scene.sent()).toHaveLength(1);
});
