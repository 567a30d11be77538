import { createHash } from "node:crypto";
import { inspect } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { systemRandom } from "../../src/adapters/system/system-random.ts";
import { createLocalKeys } from "../../src/authority/local-keys.ts";
import { createVault } from "../../src/authority/vault.ts";
import type { SecretKey } from "../../src/ports/vault.ts";
import { usePostgres } from "../postgres.ts";
import { makePostgresStore, type PostgresUnderTest } from "./postgres-store-under-test.ts";
import { newTenant } from "./store-values.ts";
import { toChange } from "./vault.ts";

const postgres = usePostgres();
let under: PostgresUnderTest;
beforeAll(async () => {
  under = await makePostgresStore(await postgres.freshDatabase());
});
afterAll(() => under?.close());

const canary = "canary-7f3a-Ünlesbar";
const [oldKey, newKey] = [systemRandom.bytes(32), systemRandom.bytes(32)];
const openVault = (...keys: readonly Uint8Array[]) =>
  createVault({
    rows: under.store.secrets,
    keys: createLocalKeys(keys, systemRandom),
    clock: systemClock,
    random: systemRandom,
  });
const never = new AbortController().signal;

async function putOne(changes: Partial<SecretKey> = {}): Promise<SecretKey> {
  const key = { tenant: newTenant(), name: "token", subject: "ada", ...changes };
  await openVault(oldKey).put(key, toChange(canary, ["api.example.com"]));
  return key;
}

async function expectUnreadable(key: SecretKey, why: string): Promise<void> {
  const vault = openVault(oldKey);
  const attempts = [vault.read(key), vault.update(key, async () => null)];
  const said = await Promise.all(attempts.map((each) => each.catch((fault: unknown) => fault)));
  for (const fault of said) {
    expect(fault).toMatchObject({
      code: "secret_unreadable",
      message: expect.stringMatching(new RegExp(`^secret://${key.name} cannot be read: .*${why}`)),
    });
    expect(inspect(fault, { depth: 10, showHidden: true })).not.toContain(canary);
  }
}

describe("a row that was edited in the database does not open", () => {
  const flip = (column: string, at: string) =>
    `${column} = set_byte(${column}, ${at}, get_byte(${column}, ${at}) # 1)`;
  const moved: Partial<SecretKey> = {};
  test.each([
    ["tenant", "tenant = 'another'", { tenant: "another" as never }],
    ["name", "name = 'other'", { name: "other" }],
    ["subject", "subject = 'eve'", { subject: "eve" }],
    ["subject to nobody", "subject = null", { subject: null }],
    ["version", "version = 2", moved],
    ["hosts, one more", "hosts = hosts || 'evil.example.com'::text", moved],
    ["hosts, none", "hosts = '{}'", moved],
    ["hosts, joined", "hosts = array[array_to_string(hosts, ',')|| ',']", moved],
    ["time", "written_at = written_at + 1", moved],
    ["nonce", flip("sealed", "0"), moved],
    ["tag", flip("sealed", "12"), moved],
    ["value", flip("sealed", "octet_length(sealed) - 1"), moved],
    ["value, shortened", "sealed = substring(sealed for 20)", moved],
    ["data key", flip("wrapped", "octet_length(wrapped) - 1"), moved],
    ["data key, gone", "wrapped = ''", moved],
  ])("%s", async (_, assignment, to) => {
    const key = await putOne();
    await under.admin.query(
      `update countersign.secrets set ${assignment} where tenant = $1 and name = $2`,
      [key.tenant, key.name],
    );
    await expectUnreadable({ ...key, ...to }, "not what was stored");
    await under.store.secrets.remove({ ...key, ...to });
  });

  test("key id", async () => {
    const key = await putOne();
    await under.admin.query("update countersign.secrets set key_id = 'x' where tenant = $1", [
      key.tenant,
    ]);
    await expectUnreadable(key, "not among the vault's keys");
  });
});

test("I9: what belongs to one row opens in no other, nor in a later version", async () => {
  const one = await putOne();
  const copy = `update countersign.secrets a set sealed = b.sealed, wrapped = b.wrapped
                from countersign.secrets b
                where a.tenant = $1 and a.name = $2 and a.subject is not distinct from $3
                  and b.tenant = $4 and b.name = $5 and b.subject is not distinct from $6`;
  for (const changes of [
    { tenant: one.tenant, name: "other" },
    { tenant: one.tenant, subject: null },
    {},
  ]) {
    const other = await putOne(changes);
    await under.admin.query(copy, [...toValues(other), ...toValues(one)]);
    await expectUnreadable(other, "not what was stored");
  }
  await under.admin.query(`create table kept as select * from countersign.secrets
    where tenant = '${one.tenant}' and name = 'token' and subject = 'ada'`);
  await openVault(oldKey).put(one, toChange("second"));
  await under.admin.query(
    `update countersign.secrets a set sealed = k.sealed, wrapped = k.wrapped from kept k
     where a.tenant = k.tenant and a.name = k.name and a.subject = k.subject`,
  );
  await expectUnreadable(one, "not what was stored");
});

const toValues = ({ tenant, name, subject }: SecretKey) => [tenant, name, subject];

test("a value that cannot be opened can be set again", async () => {
  const key = await putOne();
  await under.admin.query("update countersign.secrets set wrapped = '' where tenant = $1", [
    key.tenant,
  ]);
  expect(await openVault(oldKey).put(key, toChange("again"))).toMatchObject({ version: 2 });
  expect((await openVault(oldKey).read(key))!.value.reveal()).toBe("again");
});

test("keys rotate: the new one writes, the old one opens, and rows are moved without their values", async () => {
  await under.admin.query("delete from countersign.secrets");
  const keys = await Promise.all(Array.from({ length: 250 }, (_, n) => putOne({ name: `n${n}` })));
  const sealed =
    "select tenant, name, sealed, version, written_at from countersign.secrets order by 1, 2";
  const before = (await under.admin.query(sealed)).rows as unknown[];

  const rotating = openVault(newKey, oldKey);
  expect((await rotating.read(keys[0]!))!.value.reveal()).toBe(canary);
  await expect(openVault(newKey).read(keys[0]!)).rejects.toMatchObject({
    code: "secret_unreadable",
    message: expect.stringMatching(/not among the vault's keys/),
  });
  expect(await openVault(newKey).rewrap(never)).toEqual({ moved: 0, lost: 250 });

  const [one, two] = await Promise.all([
    rotating.rewrap(never),
    openVault(newKey, oldKey).rewrap(never),
  ]);
  expect([one.moved + two.moved, one.lost + two.lost]).toEqual([250, 0]);
  expect((await under.admin.query(sealed)).rows).toEqual(before);
  expect(await rotating.rewrap(never)).toEqual({ moved: 0, lost: 0 });
  for (const key of keys) {
    expect((await openVault(newKey).read(key))!.value.reveal()).toBe(canary);
  }
  await expectUnreadable(keys[0]!, "not among the vault's keys");
});

test("I9: the value is in no column of any table, in no spelling", async () => {
  const key = await putOne();
  await openVault(oldKey).update(key, async () => toChange(`${canary}${canary}`));
  const { rows: tables } = await under.admin.query<{ table: string }>(
    `select format('%I.%I', schemaname, tablename) as table from pg_tables
     where schemaname in ('countersign', 'public')`,
  );
  expect(tables.map(({ table }) => table)).toContain("countersign.secrets");
  const raw = Buffer.from(canary);
  const spellings = [
    canary,
    raw.toString("hex"),
    raw.toString("base64").replace(/=+$/, "").slice(0, -1),
    raw.toString("base64url").replace(/=+$/, "").slice(0, -1),
    Buffer.from(raw.toString("base64")).toString("hex").slice(0, -8),
    createHash("sha256").update(canary).digest("hex"),
  ];
  let seen = 0;
  for (const { table } of tables) {
    const { rows } = await under.admin.query<{ text: string }>(
      `select t::text as text from ${table} t`,
    );
    seen += rows.length;
    for (const { text } of rows) {
      for (const spelling of spellings)
        expect(text.toLowerCase()).not.toContain(spelling.toLowerCase());
    }
  }
  expect(seen).toBeGreaterThan(0);
});
