import { expect, test, vi } from "vitest";
import { giveUp } from "../../src/gate/resolve-call.ts";
import type { CallRow } from "../../src/ports/call-rows.ts";
import { endOf, sendOnce, stateOf, type Json } from "../approvals/attack-scene.ts";
import { startHttpFixture } from "./fixture-http.ts";
import {
  callerKey,
  startGateUnderTest,
  whenListed,
  type GateUnderTest,
} from "./gate-under-test.ts";
import { createLegacyClient } from "./raw-clients.ts";

vi.setConfig({ testTimeout: 20_000 });

/** Nothing waits at the end for a call that stays parked. */
const limits = { drainTime: "0s" };

/** Longer than a call's own time, shorter than it may be parked. */
const aWhileMs = 5 * 60_000;
const parkMs = 10 * 60_000;
const both = { elicitation: { url: {}, form: {} } };
const given = { action: "accept", content: { name: "Ada" } };

async function openScene() {
  const legacy = await startHttpFixture("legacy");
  const fix = { transport: "http", url: legacy.url, private: true };
  const gate = await startGateUnderTest({ servers: { fix }, limits });
  await whenListed(gate);
  /** Calls that an operator would be shown. */
  const doubted = async (): Promise<readonly CallRow[]> => {
    const nowMs = gate.base.clock.nowMs();
    return gate.store.calls.listUnknown(tenant, { nowMs, limit: 10 });
  };
  /** Answers of clients that arrived at the server. */
  const heard = () => legacy.requests.filter(({ method, result }) => !method && result);
  return { gate, doubted, heard };
}

const tenant = "default" as CallRow["tenant"];

const sent = { tool: "fix__elicit", capabilities: both, key: callerKey };

async function untilAsked(gate: GateUnderTest) {
  const asked = await sendOnce(gate.url, sent);
  const { inputRequests } = asked["result"] as { inputRequests: Json };
  const [name] = Object.keys(inputRequests);
  return { ...sent, state: stateOf(asked), responses: { [name!]: given } };
}

test("I4: a parked call is in doubt only once it cannot act any more", async () => {
  const { gate, doubted, heard } = await openScene();
  const back = await untilAsked(gate);
  gate.shift(aWhileMs);
  expect(await doubted()).toHaveLength(0);
  expect(endOf(await sendOnce(gate.url, back))).toBe("done");
  expect(heard()).toHaveLength(1);

  const lost = await untilAsked(gate);
  gate.shift(parkMs - aWhileMs);
  expect(await doubted()).toHaveLength(0);
  gate.shift(aWhileMs);
  const [row] = await doubted();
  expect(row).toMatchObject({ state: "open", server: "fix", tool: "elicit" });
  // Its client comes back after somebody may have looked: the server hears nothing of it.
  expect(endOf(await sendOnce(gate.url, lost))).toMatch(/-32602|parked_lost/);
  expect(heard()).toHaveLength(1);
});

test("I4: a parked call that somebody gave up does not go on", async () => {
  const { gate, heard } = await openScene();
  const back = await untilAsked(gate);
  const page = { nowMs: Number.MAX_SAFE_INTEGER, limit: 10 };
  const [row] = await gate.store.calls.listUnknown(tenant, page);
  expect(row!.state).toBe("open");
  const resolved = await giveUpAs(gate, row!);
  expect(resolved).toBe("unknown");
  expect(endOf(await sendOnce(gate.url, back))).toBe("parked_lost");
  expect(heard()).toEqual([]);
});

/** As a replica whose clock is far ahead would. */
async function giveUpAs(gate: GateUnderTest, row: CallRow) {
  const { clock, pool } = gate.base;
  expect(await giveUp({ store: gate.store, clock, random: pool }, row)).toBe(true);
  return (await gate.store.calls.get(row.tenant, row.id))!.state;
}

test("I4: a call whose client is asked on the spot is not in doubt meanwhile, and goes on after", async () => {
  const { gate, doubted, heard } = await openScene();
  let seen: number | null = null;
  const client = await createLegacyClient({ url: gate.url, answer: () => given });
  const { nowMs } = gate.base.clock;
  const prolong = gate.store.calls.prolong.bind(gate.store.calls);
  const prolonged: number[] = [];
  gate.store.calls.prolong = async (call, toMs) => {
    prolonged.push(toMs - nowMs());
    const isOpen = await prolong(call, toMs);
    if (prolonged.length === 1) {
      gate.shift(aWhileMs);
      seen = (await doubted()).length;
    }
    return isOpen;
  };
  const answer = await client.request("tools/call", { name: "fix__elicit", arguments: {} });
  expect(JSON.stringify(answer)).toContain("hello Ada (accept)");
  expect(seen).toBe(0);
  // Once to wait, and once more before the server hears anything: never shorter than before.
  expect(prolonged).toHaveLength(2);
  for (const ms of prolonged) expect(ms).toBeGreaterThan(aWhileMs / 2);
  expect(heard()).toHaveLength(1);
});

test("I4: an answer on the spot is not passed on once the call was given up", async () => {
  const { gate, heard } = await openScene();
  const answer = () => given;
  const client = await createLegacyClient({ url: gate.url, answer });
  const prolong = gate.store.calls.prolong.bind(gate.store.calls);
  let prolonged = 0;
  gate.store.calls.prolong = async (call, toMs) => {
    prolonged += 1;
    return prolonged === 2 ? false : prolong(call, toMs);
  };
  const ended = await client.request("tools/call", { name: "fix__elicit", arguments: {} });
  expect(ended).toHaveProperty("error");
  expect(heard()).toEqual([]);
});
