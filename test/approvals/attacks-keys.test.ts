import { expect, test, vi } from "vitest";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { systemRandom } from "../../src/adapters/system/system-random.ts";
import { openPostgresStore } from "../../src/adapters/postgres/postgres-store.ts";
import { toDigest } from "../../src/model/index.ts";
import { createInMemoryBus } from "../../src/ports/in-memory-bus.ts";
import { createInMemoryVault } from "../../src/ports/in-memory-vault.ts";
import { makeRequest } from "../made-up-call.ts";
import { otherKey, startGateOver, whenListed } from "../mcp/gate-under-test.ts";
import { answerCall } from "../mcp/hostile-http.ts";
import { usePostgres } from "../postgres.ts";
import {
  endOf,
  openAttackScene,
  sendOnce,
  type AttackScene,
  type Json,
  type Sent,
} from "./attack-scene.ts";

vi.setConfig({ testTimeout: 60_000 });
const postgres = usePostgres();

const key = (name: string) => ({ "dev.countersign/key": name });
const base: Sent = { args: { to: "ann", amount: 10 }, meta: key("one") };
const send = async ({ gate }: AttackScene, sent: Sent = base) => sendOnce(gate.url, sent);
const everything = { config: { policy: { rule: "allow-all" } } };

async function approve(scene: AttackScene): Promise<void> {
  for (const one of await scene.waiting()) await scene.decide(one);
}

test("a key and a yes: one effect, and the stored answer for whoever sends it again", async () => {
  const scene = await openAttackScene();
  expect(endOf(await send(scene))).toBe("asks");
  await approve(scene);
  const many = await Promise.all(Array.from({ length: 20 }, () => send(scene)));
  for (const each of many.map(endOf))
    expect(["done", "consumed", "key_in_use", "asks"]).toContain(each);
  expect(many.map(endOf)).toContain("done");
  expect(scene.sent()).toHaveLength(1);
  expect(endOf(await send(scene))).toBe("done");
  expect(scene.sent()).toHaveLength(1);
  // Nothing of it is good for other content, or for somebody else.
  expect(endOf(await send(scene, { ...base, args: { to: "bob", amount: 10 } }))).toBe("key_reused");
  const noted = { ...key("one"), "example.com/note": "x" };
  expect(endOf(await send(scene, { ...base, meta: noted }))).toBe("key_reused");
  expect(endOf(await send(scene, { ...base, key: otherKey }))).toBe("asks");
  expect(endOf(await send(scene, { ...base, meta: key("two") }))).toBe("asks");
  expect(scene.sent()).toHaveLength(1);
});

test("a key of a person is not that of an agent, and another bundle's is refused", async () => {
  const scene = await openAttackScene(everything);
  const exchange = async (bundle: string | null, agent = "assistant") => {
    const actor = bundle === null ? null : { agent, bundle: toDigest(bundle) };
    const principal = { tenant: "default", kind: "user", subject: "ada", actor } as never;
    const args = { to: "ann" };
    const request = makeRequest({
      principal,
      params: { name: "bank__pay", arguments: args, _meta: key("one") },
      argumentsText: JSON.stringify(args),
    });
    const answer = await scene.gate.gate.gate.exchange(request).catch((fault: Json) => fault);
    return "code" in answer ? answer["code"] : "done";
  };
  expect(await exchange(null)).toBe("done");
  expect(await exchange("one")).toBe("done");
  expect(await exchange("one", "another")).toBe("done");
  expect(scene.sent()).toHaveLength(3);
  expect(await exchange("one")).toBe("done");
  expect(await exchange("two")).toBe("key_reused");
  expect(scene.sent()).toHaveLength(3);
});

test.each([
  ["takes none", {}, "unknown", 1],
  ["takes the key", { idempotencyKey: "example.com/key" }, "done", 2],
] as const)("what nobody knows the end of, for a tool that %s", async (_, more, second, sent) => {
  let isLost = true;
  const bank = { tools: { pay: { effect: "write", ...more } } };
  const scene = await openAttackScene({
    bank,
    config: { policy: { rule: "allow-all" } },
    onCall(call, outgoing) {
      if (!isLost) return answerCall(call, outgoing, "done");
      isLost = false;
      return void outgoing.destroy();
    },
  });
  expect(endOf(await send(scene))).toBe("upstream_lost");
  expect(endOf(await send(scene))).toBe(second);
  expect(scene.sent()).toHaveLength(sent);
  const keys = scene.server.calls.map(
    ({ params }) => ((params as Json)["_meta"] as Json)["example.com/key"],
  );
  expect(new Set(keys).size).toBe(1);
});

test("what is answered once more is redacted by the rules of now", async () => {
  const rules = '@id("all") permit (principal, action, resource);';
  const redacting = `${rules}
@id("hush") @obligation("redact /content")
forbid (principal, action, resource) unless { context.obligation.met };`;
  const scene = await openAttackScene({ rules });
  expect(JSON.stringify(await send(scene))).toContain('"text":"done"');
  await scene.apply(redacting);
  const again = JSON.stringify(await send(scene));
  expect(again).not.toContain('"text":"done"');
  expect(again).toContain("withheld");
  expect(scene.sent()).toHaveLength(1);
});

test("I3: two gates on one Postgres, twenty at once, one yes: one effect", async () => {
  const url = await postgres.freshDatabase();
  const open = () =>
    openPostgresStore({
      url,
      clock: systemClock,
      random: systemRandom,
      telemetry: { count: () => {}, observe: () => {}, gauge: () => {}, log: () => {} },
    });
  const stores = [await open(), await open()];
  const common = {
    vault: createInMemoryVault(systemClock),
    bus: createInMemoryBus(),
    sealingKey: systemRandom.bytes(32),
    values: {},
  };
  let second: Awaited<ReturnType<typeof startGateOver>> | undefined;
  const scene = await openAttackScene({
    async start(document) {
      second = await startGateOver({ ...common, store: stores[1]!, owner: "two" }, document);
      await whenListed(second);
      return startGateOver({ ...common, store: stores[0]!, owner: "one" }, document) as never;
    },
  });
  const urls = [scene.gate.url, second!.url];
  for (const meta of [{}, key("pg")]) {
    const sent = { ...base, meta };
    const asked = await Promise.all(urls.map((each) => sendOnce(each, sent)));
    expect(asked.map(endOf)).toEqual(["asks", "asks"]);
    const [one, ...others] = await scene.waiting();
    expect(others).toEqual([]);
    const before = scene.sent().length;
    const words = ["approved", "approved", "denied"].map((word) => scene.decide(one!, word));
    const statuses = (await Promise.all(words)).map(({ status }) => status);
    expect(statuses.toSorted((a, b) => a - b)).toEqual([200, 409, 409]);
    const isYes = statuses[2] !== 200;
    const many = await Promise.all(
      Array.from({ length: 20 }, (_, at) => sendOnce(urls[at % 2]!, sent)),
    );
    for (const each of many.map(endOf))
      expect(["done", "consumed", "asks", "denied", "key_in_use"]).toContain(each);
    expect(scene.sent().length - before).toBe(isYes ? 1 : 0);
  }
  for (const store of stores) await store.close();
});
