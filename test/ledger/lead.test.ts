import { expect, onTestFinished, test } from "vitest";
import { openPool } from "../../src/adapters/postgres/connection.ts";
import { leadLog } from "../../src/adapters/postgres/log-lead.ts";
import { usePostgres } from "../postgres.ts";

const postgres = usePostgres();

async function open() {
  const url = await postgres.freshDatabase();
  const pool = openPool({ url, name: "test", statementTimeoutMs: 5_000 }, 2);
  onTestFinished(() => pool.end());
  return (silentMs?: number) => leadLog({ url, pool, ...(silentMs && { silentMs }) });
}

test("whoever leads and says nothing any more loses the lead, and knows it", async () => {
  const lead = await open();
  // As one whose host is gone, or that was stopped: its connection stays open.
  const silent = (await lead(200))!;
  expect(await lead()).toBeNull();
  await expect.poll(() => silent.lost.aborted).toBe(true);
  const next = await lead();
  expect(next).not.toBeNull();
  expect(await silent.confirm()).toBe(false);
  await silent.close();
  expect(await lead()).toBeNull();
  await next!.close();
});
