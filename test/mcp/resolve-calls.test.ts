import { expect, test, vi } from "vitest";
import { giveUp } from "../../src/gate/resolve-call.ts";
import type { CallRow } from "../../src/ports/call-rows.ts";
import { createTell, sendOnce, type Json } from "../approvals/attack-scene.ts";
import { startHttpFixture } from "./fixture-http.ts";
import { adminKey, startGateUnderTest, whenListed } from "./gate-under-test.ts";

vi.setConfig({ testTimeout: 20_000 });

/** Nothing waits at the end for a call that stays parked. */
const limits = { drainTime: "0s" };

/** A gate with one call that is parked, and what an operator says of it. */
async function openParked(tool: Json = {}) {
  const legacy = await startHttpFixture("legacy");
  const fix = { transport: "http", url: legacy.url, private: true, tools: { elicit: tool } };
  const gate = await startGateUnderTest({ servers: { fix }, limits });
  await whenListed(gate);
  const { store } = gate;
  await sendOnce(gate.url, { tool: "fix__elicit", capabilities: { elicitation: { form: {} } } });
  const page = { nowMs: Number.MAX_SAFE_INTEGER, limit: 10 };
  const [row] = await store.calls.listUnknown("default" as CallRow["tenant"], page);
  const tell = createTell(gate.url);
  const say = async (outcome: string) => {
    const body = { outcome, evidence: "looked" };
    const told = await tell(`calls/${row!.id}/resolution`, body, adminKey);
    return { status: told.status, said: JSON.stringify(told.body) };
  };
  const state = async () => (await store.calls.get(row!.tenant, row!.id))!.state;
  return { gate, row: row!, say, state };
}

/** Nobody knows any more how it ended. */
async function openDoubt(tool: Json = {}) {
  const parked = await openParked(tool);
  const { store, base } = parked.gate;
  const parts = { store, clock: base.clock, random: base.pool };
  expect(await giveUp(parts, parked.row)).toBe(true);
  return parked;
}

test("I4: a retry is refused for a tool that takes no key, which could do it twice", async () => {
  const { say, state } = await openDoubt();
  const refused = await say("retry");
  expect(refused.status).toBe(400);
  expect(refused.said).toContain("fix__elicit takes no key (idempotencyKey)");
  expect(await state()).toBe("unknown");
  expect((await say("not_done")).status).toBe(200);
  expect(await state()).toBe("failed");
});

test("a retry is taken for a tool that takes a key, as long as it is known", async () => {
  const keyed = await openDoubt({ idempotencyKey: "example.com/key" });
  expect((await keyed.say("retry")).status).toBe(200);
  expect(await keyed.state()).toBe("failed");
  const gone = await openDoubt({ idempotencyKey: "example.com/key" });
  await gone.gate.apply({ servers: {}, limits });
  expect((await gone.say("retry")).status).toBe(400);
  expect(await gone.state()).toBe("unknown");
});

test("I4: who looked before a call was prolonged is told that it is under way", async () => {
  const { gate, row, say, state } = await openParked();
  const get = gate.store.calls.get.bind(gate.store.calls);
  let reads = 0;
  gate.store.calls.get = async (tenant, id) => {
    reads += 1;
    return reads === 1 ? { ...row, notAfterMs: 0 } : get(tenant, id);
  };
  const told = await say("not_done");
  expect([told.status, told.said]).toEqual([409, expect.stringContaining("is under way")]);
  expect(await state()).toBe("open");
});
