import { expect, test, vi } from "vitest";
import { usePostgres } from "../postgres.ts";
import { scaled } from "../scale.ts";
import { startCountedServers } from "./counted-servers.ts";
import { sendModern } from "./replica-clients.ts";
import { callerKey, startFleet } from "./replica-fleet.ts";

vi.setConfig({ testTimeout: 300_000 });
const postgres = usePostgres();

const cap = scaled({ test: 600, prove: 5_000 });
const kills = scaled({ test: 2, prove: 10 });
const atOnce = 8;
/** As the code has it: what a replica leases at a time. */
const lease = Math.min(100, Math.floor(cap / 50));

test("I8: three replicas on one Postgres keep a budget together, killed or not", async () => {
  const servers = await startCountedServers();
  const fleet = await startFleet(3, {
    document: {
      budgets: { daily: { each: "tenant", calls: cap } },
      servers: { modern: { transport: "http", url: servers.modern, private: true } },
    },
    databaseUrl: await postgres.freshDatabase(),
  });
  const target = {
    key: callerKey,
    pick: () => fleet.pick(Math.random()),
    think: () => Promise.resolve(),
  };
  let [next, refused, cut] = [0, 0, 0];
  async function work(): Promise<void> {
    // Every replica has to say no, and more than once.
    while (refused < 100) {
      const { outcome } = await sendModern(target, "modern__book", (next += 1));
      if (outcome === "budget_exhausted") refused += 1;
      else if (outcome !== "answered") cut += 1;
    }
  }
  const killing = (async () => {
    for (let each = 1; each <= kills; each += 1) {
      await vi.waitFor(() => expect(next).toBeGreaterThan((cap / (kills + 2)) * each), {
        timeout: 120_000,
      });
      await fleet.killOne(Math.random());
    }
  })();
  await Promise.all([killing, ...Array.from({ length: atOnce }, work)]);
  const done = servers.done.size;
  console.log(`${done} of ${cap} carried out, ${kills} replicas killed, ${cut} calls cut`);
  expect(done).toBeLessThanOrEqual(cap);
  // Lost with a replica: its lease, and the calls that were under way in it.
  expect(done).toBeGreaterThanOrEqual(cap - kills * (lease + atOnce) - cut);
});
