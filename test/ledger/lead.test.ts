import { expect, onTestFinished, test } from "vitest";
import { openPool } from "../../src/adapters/postgres/connection.ts";
import { leadLog } from "../../src/adapters/postgres/log-lead.ts";
import type { Leading } from "../../src/ports/log-rows.ts";
import { usePostgres } from "../postgres.ts";

const postgres = usePostgres();

async function open() {
  const url = await postgres.freshDatabase();
  const pool = openPool({ url, name: "test", statementTimeoutMs: 5_000 }, 2);
  onTestFinished(() => pool.end());
  return (silentMs?: number) => leadLog({ url, pool, ...(silentMs && { silentMs }) });
}

/** Postgres frees the lock a moment after it has ended the connection. */
async function waitForLead(lead: () => Promise<Leading | null>): Promise<Leading> {
  let leading: Leading | null = null;
  await expect
    .poll(async () => (leading ??= await lead()) !== null, { timeout: 10_000 })
    .toBe(true);
  return leading!;
}

test("whoever leads and says nothing any more loses the lead, and knows it", async () => {
  const lead = await open();
  const held = (await lead())!;
  expect(await lead()).toBeNull();
  await held.close();
  // As one whose host is gone, or that was stopped: its connection stays open.
  const silent = await waitForLead(() => lead(200));
  await expect.poll(() => silent.lost.aborted, { timeout: 10_000 }).toBe(true);
  const next = await waitForLead(lead);
  expect(await silent.confirm()).toBe(false);
  await silent.close();
  expect(await lead()).toBeNull();
  await next.close();
});
