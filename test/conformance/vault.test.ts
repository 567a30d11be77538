import { afterAll, beforeAll, expect, test } from "vitest";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { systemRandom } from "../../src/adapters/system/system-random.ts";
import { createLocalKeys } from "../../src/authority/local-keys.ts";
import { createVault } from "../../src/authority/vault.ts";
import { createInMemoryStore } from "../../src/ports/in-memory-store.ts";
import { createInMemoryVault } from "../../src/ports/in-memory-vault.ts";
import type { SecretRows } from "../../src/ports/secret-rows.ts";
import { usePostgres } from "../postgres.ts";
import { makePostgresStore, type PostgresUnderTest } from "./postgres-store-under-test.ts";
import { newTenant } from "./store-values.ts";
import { describeVault, toChange } from "./vault.ts";

const postgres = usePostgres();
let under: PostgresUnderTest;
beforeAll(async () => {
  under = await makePostgresStore(await postgres.freshDatabase());
});
afterAll(() => under?.close());

const keys = createLocalKeys([systemRandom.bytes(32)], systemRandom);
const onRows = (rows: SecretRows) =>
  createVault({ rows, keys, clock: systemClock, random: systemRandom });

const inMemory = onRows(createInMemoryStore().secrets);
const twin = createInMemoryVault(systemClock);
describeVault("twin", () => ({ vault: twin, peer: twin }));
describeVault("on the store in memory", () => ({ vault: inMemory, peer: inMemory }));
describeVault("on Postgres", () => ({
  vault: onRows(under.store.secrets),
  peer: onRows(under.peer.secrets),
}));

test.each([
  ["an empty value", toChange(""), "payload_invalid"],
  ["half a character", toChange("\ud83d"), "payload_invalid"],
  ["more than 64 KiB", toChange("x".repeat(65_537)), "payload_too_large"],
  ["too many hosts", toChange("x", Array(33).fill("a.example.com")), "payload_too_large"],
])("%s is refused, and what was there stays", async (_, change, code) => {
  const key = { tenant: newTenant(), name: "token", subject: null };
  for (const vault of [inMemory, onRows(under.store.secrets)]) {
    await vault.put(key, toChange("x".repeat(65_536)));
    await expect(vault.put(key, change)).rejects.toMatchObject({ code });
    await expect(vault.update(key, async () => change)).rejects.toMatchObject({ code });
    expect((await vault.read(key))!.version).toBe(1);
  }
});

test("a connection that is lost after the refresh does not refresh again", async () => {
  const vault = onRows(under.store.secrets);
  const key = { tenant: newTenant(), name: "grant", subject: "ada" };
  for (const round of [1, 2]) {
    let asked = 0;
    const updated = await vault.update(key, async () => {
      asked += 1;
      await under.admin.query(
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'countersign secrets'",
      );
      return toChange(`refreshed ${round}`);
    });
    expect([asked, updated!.version]).toEqual([1, round]);
    expect((await vault.read(key))!.value.reveal()).toBe(`refreshed ${round}`);
  }
});

test("a change that takes too long gives the row back", async () => {
  const clock = { ...systemClock, sleep: async () => undefined };
  const rows = createInMemoryStore().secrets;
  const vault = createVault({ rows, keys, clock, random: systemRandom });
  const key = { tenant: newTenant(), name: "grant", subject: null };
  const slow = vault.update(key, () => new Promise(() => undefined));
  await expect(slow).rejects.toMatchObject({ code: "deadline_exceeded" });
  expect((await vault.put(key, toChange("next"))).version).toBe(1);
});
