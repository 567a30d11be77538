import pg from "pg";
import { expect, test, vi } from "vitest";
import { openPostgresBus } from "../../src/adapters/postgres/postgres-bus.ts";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { systemRandom } from "../../src/adapters/system/system-random.ts";
import { usePostgres } from "../postgres.ts";
import { describeBus } from "./bus.ts";
import { silent } from "./postgres-store-under-test.ts";

const postgres = usePostgres();

async function breakConnections(url: string): Promise<number> {
  const client = new pg.Client(url);
  await client.connect();
  const { rowCount } = await client.query(
    `select pg_terminate_backend(pid) from pg_stat_activity
     where application_name = 'countersign bus' and datname = current_database()`,
  );
  await client.end();
  return rowCount ?? 0;
}

const open = (url: string, pollMs: number) =>
  openPostgresBus({ url, clock: systemClock, random: systemRandom, telemetry: silent, pollMs });

describeBus("Postgres", async () => {
  const url = await postgres.freshDatabase();
  return {
    // The poll is out of the way: what is heard was said.
    open: () => open(url, 60_000),
    async interrupt() {
      expect(await breakConnections(url)).toBeGreaterThanOrEqual(2);
    },
    close: async () => {},
  };
});

test("the poll tells subscribers though nothing broke and nothing was said", async () => {
  const bus = await open(await postgres.freshDatabase(), 20);
  const heard: (string | null)[] = [];
  await bus.subscribe("silence", (payload) => heard.push(payload));
  await vi.waitFor(() => expect(heard.length).toBeGreaterThan(2));
  expect(new Set(heard)).toEqual(new Set([null]));
  await bus.close();
});

test("a publisher is told when its hint could not be sent", async () => {
  const url = await postgres.freshDatabase();
  const bus = await open(url, 60_000);
  const publishing = breakConnections(url).then(() =>
    Promise.allSettled(Array.from({ length: 20 }, () => bus.publish("lost", "hint"))),
  );
  for (const outcome of await publishing) {
    if (outcome.status === "rejected") {
      expect(outcome.reason).toMatchObject({ code: "store_unavailable" });
    }
  }
  await vi.waitFor(() => bus.publish("lost", "found"), { timeout: 5_000 });
  await bus.close();
});
