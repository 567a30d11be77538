import { setTimeout as sleep } from "node:timers/promises";
import { expect, test, vi } from "vitest";
import { openCuttingProxy } from "../conformance/cutting-proxy.ts";
import { usePostgres } from "../postgres.ts";
import { startCountedServers, type CountedServers } from "./counted-servers.ts";
import { sendModern } from "./replica-clients.ts";
import { adminKey, callerKey, startFleet, type Fleet } from "./replica-fleet.ts";

vi.setConfig({ testTimeout: 180_000 });
const postgres = usePostgres();

const atOnce = 12;

async function start(replicas: number, databaseUrl: string) {
  const servers = await startCountedServers();
  const tools = { look: { effect: "read" } };
  const document = {
    servers: { modern: { transport: "http", url: servers.modern, private: true, tools } },
  };
  return { servers, fleet: await startFleet(replicas, { document, databaseUrl }) };
}

const target = (fleet: Fleet) => ({
  key: callerKey,
  pick: () => fleet.pick(Math.random()),
  think: () => Promise.resolve(),
});

function post(fleet: Fleet, path: string, body: object): Promise<Response> {
  return fetch(`${fleet.pick(0).url}${path}`, {
    method: "POST",
    headers: { authorization: `Bearer ${adminKey}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
}

/** When the last effect so far was carried out, as closely as one looks. */
async function lastEffectMs({ done }: CountedServers, forMs: number): Promise<number> {
  let lastMs = Number.NEGATIVE_INFINITY;
  let size = done.size;
  const endMs = performance.now() + forMs;
  while (performance.now() < endMs) {
    await sleep(10);
    if (done.size !== size) [size, lastMs] = [done.size, performance.now()];
  }
  return lastMs;
}

test("a freeze ends effects on every replica within 2 s, and survives a restart", async () => {
  const { servers, fleet } = await start(3, await postgres.freshDatabase());
  const outcomes = new Map<string, number>();
  let isOver = false;
  let n = 0;
  const load = Array.from({ length: atOnce }, async () => {
    while (!isOver) {
      const { outcome } = await sendModern(target(fleet), "modern__book", (n += 1));
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      if (outcome !== "answered") await sleep(5);
    }
  });
  await vi.waitFor(() => expect(servers.done.size).toBeGreaterThan(100), { timeout: 20_000 });

  const frozen = { kind: "tool", name: "modern__book" };
  const answer = await post(fleet, "/v1/freezes", { ...frozen, reason: "the wrong flights" });
  const frozenMs = performance.now();
  expect(await answer.json()).toMatchObject({ changed: true, known: true });
  const lastMs = await lastEffectMs(servers, 4_000);
  expect(lastMs - frozenMs).toBeLessThan(2_000);
  console.log(`the last effect: ${Math.round(lastMs - frozenMs)} ms after the freeze was answered`);
  expect(outcomes.get("frozen")).toBeGreaterThan(10);
  expect(await sendModern(target(fleet), "modern__look", 1)).toMatchObject({ outcome: "answered" });

  await fleet.killOne(0);
  const before = servers.done.size;
  for (let each = 0; each < 20; each += 1) await sendModern(target(fleet), "modern__book", -each);
  expect(servers.done.size).toBe(before);

  expect(await (await post(fleet, "/v1/freezes/lift", frozen)).json()).toMatchObject({
    changed: true,
  });
  await vi.waitFor(() => expect(servers.done.size).toBeGreaterThan(before + 50), {
    timeout: 20_000,
  });
  isOver = true;
  await Promise.all(load);
  // Each effect was carried out once, and whatever was answered was carried out.
  expect([...servers.done.values()].every((times) => times === 1)).toBe(true);
});

test("I14: a replica that has not heard for 5 s does nothing that has an effect", async () => {
  const proxy = await openCuttingProxy(await postgres.freshDatabase());
  const { servers, fleet } = await start(1, proxy.url);
  expect(await sendModern(target(fleet), "modern__book", 1)).toMatchObject({ outcome: "answered" });
  proxy.stall();
  await sleep(7_000);
  const before = servers.done.size;
  expect(await sendModern(target(fleet), "modern__book", 2)).toMatchObject({
    outcome: "freeze_unknown",
  });
  expect(servers.done.size).toBe(before);
  proxy.restore();
  await vi.waitFor(
    async () =>
      expect(await sendModern(target(fleet), "modern__book", 3)).toMatchObject({
        outcome: "answered",
      }),
    { timeout: 40_000, interval: 500 },
  );
  await proxy.close();
});
